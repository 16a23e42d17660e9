// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import FoundationEssentials
import Glibc
import MartletModel
import MartletPorts
import MartletTestKit
import Testing

@testable import martlet

@Suite struct ProgramTests {
    typealias ExitStatus = MartletModel.ExitStatus

    /// What a run printed.
    private struct Printed {
        var status: ExitStatus
        var output: String
        var errors: String
        var lines: [String] { output.split(separator: "\n").map(String.init) }
    }

    /// Runs a command line in a directory that holds `in.mkv`; `DIR` stands for the directory.
    private func run(_ line: String, engine: ScriptedEngine = ScriptedEngine()) async throws -> Printed {
        let directory = FileManager.default.temporaryDirectory.appending(path: "martlet-run-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try Data("film".utf8).write(to: URL(filePath: directory + "/in.mkv"))
        let output = open(directory + "/output", O_CREAT | O_WRONLY, 0o600)
        let errors = open(directory + "/errors", O_CREAT | O_WRONLY, 0o600)
        defer { for descriptor in [output, errors] { close(descriptor) } }
        let program = Program(
            console: Console(output: output, errors: errors, environment: [:]), environment: [:],
            makeEngine: { _ in engine },
            makeCluster: { _ in ScriptedCluster() }, machine: engine,
            network: Network(makeCaller: { _ in ScriptedCaller() }, time: ManualClock()))
        let arguments = line.split(separator: " ").map { $0.replacing("DIR", with: directory) }.map(String.init)
        let status = await program.run(arguments)
        let read = { (name: String) in
            String(decoding: FileManager.default.contents(atPath: directory + name) ?? Data(), as: UTF8.self)
                .replacing(directory, with: "DIR")
        }
        return Printed(status: status, output: read("/output"), errors: read("/errors"))
    }

    @Test func aTranscodeEndsWithItsSummary() async throws {
        let printed = try await run("transcode DIR/in.mkv DIR/out.mp4")
        #expect(printed.status == .success)
        #expect(printed.output.hasPrefix("reading the source\n0 %, 0 of 2 segments\n"))
        #expect(printed.output.contains("proof     ok    frame count: 297 of 297"))
        #expect(printed.errors == "martlet: warning: libx264 stands in for h264_nvenc.\n")
    }

    @Test func jsonIsOneObjectALineWithTheEndLast() async throws {
        let engine = ScriptedEngine(events: [
            .warning(Samples.job, "Mind the gap."), .jobStateChanged(Samples.job, .combining),
        ])
        let printed = try await run("transcode DIR/in.mkv DIR/out.mp4 --json", engine: engine)
        for line in printed.lines {
            #expect(throws: Never.self) { try JSONDecoder().decode([String: AnyValue].self, from: Data(line.utf8)) }
        }
        #expect(
            printed.lines.first?.hasPrefix(#"{"event": "planned", "job_id": "film-0123456789ab", "encoder": "libx264""#)
                == true)
        #expect(
            printed.lines.contains(#"{"event": "warning", "job_id": "film-0123456789ab", "message": "Mind the gap."}"#))
        #expect(
            printed.lines.last
                == #"{"event": "completed", "job_id": "film-0123456789ab", "output": "film.mp4", "frames": 297, "segments": 2, "reused_segments": 1, "seconds": 12.500}"#
        )
        #expect(printed.errors.isEmpty)
    }

    @Test func quietPrintsNothingWhenAllIsWell() async throws {
        let printed = try await run("transcode DIR/in.mkv DIR/out.mp4 -q")
        #expect(printed.output.isEmpty && printed.errors.isEmpty)
    }

    @Test func aFailureIsTwoLinesAndItsExitCode() async throws {
        let failure = CommandLineError(.outputUnwritable, "The disk is full.", advice: "Make room.")
        let printed = try await run(
            "transcode DIR/in.mkv DIR/out.mp4 --json", engine: ScriptedEngine(outcome: .failure(failure)))
        #expect(printed.status == .writeFailed)
        #expect(printed.errors == "martlet: The disk is full.\nMake room.\n")
        #expect(
            printed.lines.suffix(2).first
                == #"{"event": "error", "code": "output.unwritable", "message": "The disk is full.", "advice": "Make room.", "exit_code": 5, "log": null}"#
        )
        #expect(
            printed.lines.last?.hasPrefix(
                #"{"event": "failed", "job_id": "film-0123456789ab", "output": "DIR/out.mp4", "frames": 0, "segments": 2, "reused_segments": 0, "#
            ) == true)
        #expect(printed.lines.last?.hasSuffix(#""error": "The disk is full. Make room."}"#) == true)
    }

    @Test func anInterruptionSaysHowToGoOn() async throws {
        let printed = try await run(
            "transcode DIR/in.mkv DIR/out.mp4", engine: ScriptedEngine(outcome: .failure(CancellationError())))
        #expect(printed.status == .interrupted)
        #expect(printed.errors.hasSuffix("martlet: Interrupted; the state is kept.\nThe same command resumes.\n"))
    }

    @Test func aMismatchIsExitCodeFour() async throws {
        var report = Samples.report
        report.checks[0].passed = false
        report.checks[0].detail = "296 of 297"
        let printed = try await run("verify DIR/in.mkv --against DIR/in.mkv", engine: ScriptedEngine(report: report))
        #expect(printed.status == .verificationFailed)
        #expect(printed.output.contains("FAIL  frame count: 296 of 297"))
        #expect(printed.errors.hasPrefix("martlet: DIR/in.mkv does not match DIR/in.mkv: frame count: 296 of 297.\n"))
    }

    @Test(arguments: [
        ("transcode DIR/missing.mkv DIR/out.mp4", ExitStatus.badInput), ("transcode DIR DIR/out.mp4", .badInput),
        ("transcode DIR/in.mkv DIR/none/out.mp4", .writeFailed), ("transcode DIR/in.mkv DIR/in.mkv", .usage),
        ("transcode - DIR/out.mp4", .usage), ("transcode DIR/in.mkv -", .usage), ("nonsense", .usage),
        ("verify DIR/in.mkv", .usage), ("doctor", .jobFailed), ("bench", .jobFailed), ("probe DIR/in.mkv", .success),
        ("plan DIR/in.mkv", .success), ("completions bash", .success),
        ("simulate --machines 3 --segments 20 --faults", .success), ("simulate --speeds 1,x", .usage),
        ("--help", .success), ("--version", .success),
    ])
    func exitCodesSayWhatHappened(line: String, expected: ExitStatus) async throws {
        let printed = try await run(line)
        #expect(printed.status == expected)
        #expect(printed.errors.isEmpty == (expected == .success))
        let json = try await run(line + " --json")
        if line != "--help", line != "--version", line != "completions bash" {
            let isFailed = json.lines.last?.hasPrefix(#"{"event": "failed""#) == true
            #expect(json.lines.last?.hasPrefix("{") == true && isFailed == (expected != .success))
        }
    }

    @Test func documentsForProgramsAreOneObject() async throws {
        for line in ["plan DIR/in.mkv --json", "probe DIR/in.mkv --json"] {
            let printed = try await run(line)
            #expect(printed.lines.count == 1)
            let object = try JSONDecoder().decode([String: AnyValue].self, from: Data(printed.output.utf8))
            #expect(object.count > 8)
        }
    }

    /// Any JSON value, of which only the form is looked at.
    private struct AnyValue: Decodable {
        init(from decoder: any Decoder) throws {}
    }
}
