// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import FoundationEssentials
import Glibc
import MartletModel
import MartletPorts
import MartletTestKit
import MartletWire

@testable import martlet

/// Runs command lines against a coordinator whose answers are written down.
struct ClusterWorkshop {
    /// What a run printed.
    struct Printed {
        var status: MartletModel.ExitStatus
        var output: String
        var errors: String
        var lines: [String] { output.split(separator: "\n").map(String.init) }
    }

    /// Who answers.
    var caller = ScriptedCaller()
    /// Who answers instead.
    var otherCaller: (any HTTPTransfers)?
    /// The time; one minute after the sample jobs were submitted.
    var clock = ManualClock(wallMilliseconds: 1_700_000_060_000)
    /// The time instead.
    var otherTime: (any TimeSource)?
    /// What a user may stop.
    var interruption = Interruption()
    /// What runs parts of a cluster.
    var cluster = ScriptedCluster()
    /// The environment.
    var environment: [String: String] = [:]

    /// Runs a command line, parted at blanks.
    func run(_ line: String) async throws -> Printed {
        try await run(line.split(separator: " ").map(String.init))
    }

    /// Runs a command line.
    func run(_ arguments: [String]) async throws -> Printed {
        let directory = try TemporaryDirectory()
        let paths = [directory.path + "/output", directory.path + "/errors"]
        let descriptors = paths.map { open($0, O_CREAT | O_WRONLY, 0o600) }
        defer { for descriptor in descriptors { close(descriptor) } }
        let program = Program(
            console: Console(output: descriptors[0], errors: descriptors[1], environment: [:]),
            environment: environment, makeEngine: { _ in ScriptedEngine() },
            makeCluster: { [cluster] _ in cluster }, machine: ScriptedEngine(),
            network: Network(
                makeCaller: { [caller, otherCaller] _ in otherCaller ?? caller }, time: otherTime ?? clock),
            interruption: interruption)
        let status = await program.run(arguments)
        let texts = paths.map { String(decoding: FileManager.default.contents(atPath: $0) ?? Data(), as: UTF8.self) }
        return withExtendedLifetime(directory) { Printed(status: status, output: texts[0], errors: texts[1]) }
    }

    /// A value as the API sends it.
    static func json(_ value: some Encodable) -> String {
        (try? JSONEncoder().encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    /// An event as the stream sends it.
    static func block(_ id: Int, _ event: Event) -> String {
        "id: \(id)\ndata: \(json(EventRecord(id: Int64(id), timeMs: 1, content: .event(event))))\n\n"
    }

    /// A problem as the API sends it.
    static func problem(_ code: String, _ detail: String, exit: Int = 2) -> String {
        #"{"type": "about:blank", "title": "Wrong", "code": "\#(code)", "detail": "\#(detail)", "exit_code": \#(exit)}"#
    }

    /// A job that is being worked on.
    static func job(_ id: String = "3f9c0d", _ state: JobState = .processing) -> JobView {
        var job = JobView(
            id: JobID(id), name: "film.mkv", source: "movies:film.mkv", output: "movies:film.mp4", state: state,
            priority: "normal", createdMs: 1_700_000_000_000)
        (job.progress, job.frames, job.segments, job.tasksTotal) = (0.42, 297, 2, 3)
        if state == .processing { (job.stage, job.fps, job.etaS) = (.encoding, 48, 31) }
        if state == .completed { (job.progress, job.outputBytes, job.finishedMs) = (1, 12_300_000, 1_700_000_012_000) }
        return job
    }

    /// Its tasks.
    static let tasks = [
        TaskView(
            id: TaskID("video-00000"), kind: "encode", state: .completed, encoder: "libx264", frames: 240,
            attempts: [
                AttemptView(
                    epoch: 1, worker: WorkerID("attic"), startedMs: 1_700_000_001_000, endedMs: 1_700_000_003_000,
                    result: "failed",
                    error: ProblemView(code: "ffmpeg.crashed", message: "ffmpeg crashed."), log: "line one\nline two"),
                AttemptView(
                    epoch: 2, worker: WorkerID("cellar"), startedMs: 1_700_000_004_000, endedMs: 1_700_000_009_000,
                    result: "completed", error: nil, log: nil),
            ], bytes: 1_500_000),
        TaskView(
            id: TaskID("video-00001"), kind: "encode", state: .running, encoder: "libx264", frames: 57,
            attempts: [
                AttemptView(
                    epoch: 1, worker: WorkerID("attic"), startedMs: 1_700_000_050_000, endedMs: nil, result: "running",
                    error: nil, log: nil)
            ], bytes: nil),
    ]

    /// A worker that does something.
    static func worker(_ id: String = "attic") -> WorkerView {
        var worker = WorkerView(
            id: WorkerID(id), state: .processing, health: .healthy, slots: 2,
            running: [.init(job: JobID("3f9c0d"), task: TaskID("video-00001"))], hwAccel: ["nvenc", "cuda"],
            encoders: ["libx264"], lastHeardMs: 4000, tasksCompleted: 12, tasksFailed: 1, transport: "websocket")
        (worker.cpuUsage, worker.speed, worker.os) = (93, 1.25, "Linux 6.1")
        return worker
    }
}
