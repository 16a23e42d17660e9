// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Glibc
import MartletTestKit
import Testing

@Suite struct ChildProcessTests {
    @Test func outputErrorsAndExitCodeAreKept() async throws {
        let outcome = try await ChildProcess.run("sh", ["-c", "echo out; echo err >&2; exit 7"])
        #expect(outcome.output == "out\n")
        #expect(outcome.errors == "err\n")
        #expect(outcome.ending == .exited(7))
    }

    @Test func longOutputOnBothChannelsDoesNotBlock() async throws {
        let outcome = try await ChildProcess.run("sh", ["-c", "seq 1 50000; seq 1 50000 >&2"])
        #expect(outcome.outputBytes.count == 288_894)
        #expect(outcome.errors.utf8.count == 288_894)
    }

    @Test func deadlineEndsTheWholeGroup() async throws {
        let outcome = try await ChildProcess.run("sh", ["-c", "sleep 100 & sleep 100"], deadline: .milliseconds(200))
        #expect(outcome.ending == .timedOut)
        #expect(outcome.wallSeconds < 20)
    }

    @Test func signalUponALineEndsTheProgram() async throws {
        let outcome = try await ChildProcess.run(
            "sh", ["-c", "echo one; echo two; sleep 100"],
            observer: .init(onOutputLine: { line, handle in if line == "two" { handle.sendToGroup(SIGKILL) } }))
        #expect(outcome.ending == .signalled(SIGKILL))
        #expect(outcome.output == "one\ntwo\n")
    }

    @Test func directoryAndEnvironmentAreSet() async throws {
        let outcome = try await ChildProcess.run(
            "sh", ["-c", "pwd; echo $BIRD; echo ${HOME-none}"], environment: ["BIRD": "martlet", "HOME": nil],
            directory: "/usr")
        #expect(outcome.output == "/usr\nmartlet\nnone\n")
    }

    @Test func missingProgramIsAnError() async throws {
        await #expect(throws: ChildProcess.CannotStart.self) { try await ChildProcess.run("no-such-program", []) }
    }
}
