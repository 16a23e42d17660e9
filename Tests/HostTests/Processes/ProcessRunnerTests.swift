// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import Glibc
import MartletHost
import MartletModel
import MartletPorts
import MartletTestKit
import Synchronization
import Testing

@Suite struct ProcessRunnerTests {
    /// What a child wrote.
    final class Capture: Sendable {
        let bytes = Mutex<[UInt8]>([])
        let lines = AsyncStream<Void>.makeStream()
        func take(_ piece: [UInt8]) {
            bytes.withLock { $0 += piece }
            lines.continuation.yield()
        }
        var text: String { bytes.withLock { String(decoding: $0, as: UTF8.self) } }
        /// Waits until something was written.
        func firstPiece() async { for await _ in lines.stream { return } }
    }

    private func shell(
        _ script: String, output: Capture = Capture(), errors: Capture = Capture(),
        change: (inout ProcessCommand) -> Void = { _ in }
    ) async throws -> ProcessResult {
        var command = ProcessCommand(executable: "/bin/sh", arguments: ["-c", script])
        change(&command)
        return try await ProcessRunner().run(command, output: output.take, errors: errors.take)
    }

    @Test(arguments: [0, 1, 7, 255] as [Int32])
    func exitCodesAreReported(code: Int32) async throws {
        #expect(try await shell("exit \(code)").ending == .exited(code))
    }

    @Test(arguments: [SIGKILL, SIGTERM, SIGSEGV, SIGXFSZ])
    func signalsAreReported(signal: Int32) async throws {
        #expect(try await shell("kill -\(signal) $$").ending == .signalled(signal))
    }

    @Test func bothStreamsArriveWholeAndApart() async throws {
        let (output, errors) = (Capture(), Capture())
        _ = try await shell("echo out; echo err >&2; printf end", output: output, errors: errors)
        #expect(output.text == "out\nend")
        #expect(errors.text == "err\n")
    }

    @Test func aFloodOnBothStreamsNeitherBlocksNorGetsLost() async throws {
        let (output, errors) = (Capture(), Capture())
        let result = try await shell(
            "head -c 20000000 /dev/zero >&2 & head -c 10000000 /dev/zero; wait", output: output, errors: errors)
        #expect(result.ending == .exited(0))
        #expect(output.bytes.withLock(\.count) == 10_000_000)
        #expect(errors.bytes.withLock(\.count) == 20_000_000)
    }

    @Test func inputIsEmpty() async throws {
        let output = Capture()
        _ = try await shell("wc -c; readlink /proc/self/fd/0", output: output)
        #expect(output.text == "0\n/dev/null\n")
    }

    @Test func onlyTheStandardDescriptorsAreInherited() async throws {
        // Opened without close-on-exec on purpose.
        let stray = open("/dev/null", O_RDONLY)
        defer { close(stray) }
        let output = Capture()
        _ = try await shell("ls /proc/$$/fd", output: output)
        #expect(output.text.split(separator: "\n").filter { Int($0).map { $0 > 2 && $0 != 10 } ?? true }.isEmpty)
    }

    @Test func signalsAreNeitherBlockedNorIgnored() async throws {
        signal(SIGUSR1, SIG_IGN)
        defer { signal(SIGUSR1, SIG_DFL) }
        let output = Capture()
        // Read by a program that changes neither, unlike a shell.
        _ = try await ProcessRunner().run(
            ProcessCommand(executable: "/bin/grep", arguments: ["-E", "^Sig(Blk|Ign)", "/proc/self/status"]),
            output: output.take, errors: { _ in })
        let masks = output.text.split(separator: "\n").map { $0.split(separator: "\t")[1] }
        // The C library keeps signals 32 and 33 to itself and lets nobody change them.
        let reserved: UInt64 = 0b11 << 31
        #expect(masks.map { UInt64($0, radix: 16).map { $0 & ~reserved } } == [0, 0])
    }

    @Test func directoryEnvironmentAndNicenessAreSet() async throws {
        let output = Capture()
        _ = try await shell("pwd; echo $COLOUR; nice; echo ${HOME-none}", output: output) { command in
            command.workingDirectory = "/usr"
            command.environment = ["COLOUR": "blue", "PATH": "/usr/bin:/bin"]
            command.niceness = 5
        }
        #expect(output.text == "/usr\nblue\n\(ChildProcess.niceness + 5)\nnone\n")
    }

    @Test func limitsHold() async throws {
        let errors = Capture()
        let file = NSTemporaryDirectory() + "martlet-limit-\(UUID().uuidString)"
        defer { unlink(file) }
        let tooLarge = try await ProcessRunner().run(
            ProcessCommand(
                executable: "/usr/bin/head", arguments: ["-c", "100000", "/dev/zero"],
                limits: ProcessLimits(cpuSeconds: 5)), output: { _ in }, errors: errors.take)
        #expect(tooLarge.ending == .exited(0))
        let result = try await shell("ulimit -c; exec dd if=/dev/zero of=\(file) bs=64k count=16", errors: errors) {
            $0.limits.fileSize = ByteCount(100_000)
        }
        #expect(result.ending == .signalled(SIGXFSZ))
        let burnt = try await shell("while :; do :; done") { $0.limits.cpuSeconds = 1 }
        #expect(burnt.ending == .signalled(SIGXCPU))
        #expect(burnt.cpuTime >= .milliseconds(500))
    }

    @Test func aMissingProgramIsNamed() async throws {
        let error = await #expect(throws: HostError.self) {
            try await ProcessRunner().run(
                ProcessCommand(executable: "/nonexistent/ffmpeg", arguments: []), output: { _ in }, errors: { _ in })
        }
        #expect(error?.code == .cannotStart)
        #expect(error?.message.contains("/nonexistent/ffmpeg") == true)
        #expect(error?.isRetryable == false)
    }

    @Test func aFileThatIsNoProgramIsRefused() async throws {
        let error = await #expect(throws: HostError.self) {
            try await ProcessRunner().run(
                ProcessCommand(executable: "/etc/passwd", arguments: []), output: { _ in }, errors: { _ in })
        }
        #expect(error?.code == .permission)
    }

    @Test func hundredsAtOnceLeaveNoDescriptorBehind() async throws {
        func openDescriptors() throws -> Int {
            try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").filter { name in
                // Other tests run beside this one: only pipes and process descriptors are counted.
                let target = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(name)")) ?? ""
                return target.contains("pidfd")
            }.count
        }
        let before = try openDescriptors()
        for _ in 0..<2 {
            try await withThrowingTaskGroup(of: ProcessResult.self) { group in
                for _ in 0..<200 {
                    group.addTask {
                        try await ProcessRunner().run(
                            ProcessCommand(executable: "/bin/true", arguments: []), output: { _ in }, errors: { _ in })
                    }
                }
                for try await result in group { #expect(result.ending == .exited(0)) }
            }
        }
        #expect(try openDescriptors() <= before + 20)
    }

    @Test func cancellationEndsTheWholeGroup() async throws {
        let output = Capture()
        let lifeline = try Lifeline()
        let task = Task { [path = lifeline.path] in
            try await shell("exec 5>\(path); (sleep 1000; :) & echo ready; wait", output: output)
        }
        await output.firstPiece()
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(lifeline.isCut())
    }

    @Test func aProcessThatIgnoresTheRequestIsKilledAfterItsGrace() async throws {
        let output = Capture()
        let lifeline = try Lifeline()
        let clock = ContinuousClock()
        let task = Task { [path = lifeline.path] in
            try await shell("exec 5>\(path); trap '' TERM; echo ready; while :; do sleep 1000; done", output: output) {
                $0.grace = .milliseconds(300)
            }
        }
        await output.firstPiece()
        let start = clock.now
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(clock.now - start >= .milliseconds(290))
        #expect(lifeline.isCut())
    }

    @Test func aStoppedProcessIsEndedToo() async throws {
        let output = Capture()
        let task = Task { try await shell("echo $$; kill -STOP $$; sleep 1000", output: output) }
        await output.firstPiece()
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func cancellingBeforeTheStartStartsNothing() async throws {
        let output = Capture()
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await shell("echo started", output: output)
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(output.text.isEmpty)
    }

    @Test func whatAProgramLeavesBehindInItsGroupIsKilledAndNotWaitedFor() async throws {
        let lifeline = try Lifeline()
        let result = try await shell("exec 5>\(lifeline.path); sleep 1000 & exit 3")
        #expect(result.ending == .exited(3))
        #expect(result.wallTime < .seconds(100))
        #expect(lifeline.isCut())
    }

    @Test func usageIsMeasured() async throws {
        let result = try await shell("head -c 300000000 /dev/zero | md5sum; exit 0")
        #expect(result.cpuTime > .milliseconds(50))
        #expect(result.wallTime > .milliseconds(50))
        #expect(result.peakMemory > ByteCount(100_000))
    }
}
