// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletTestKit
import Testing

@testable import martlet

@Suite struct ClosedPipeTests {
    @Test func aReaderThatLeavesIsNoError() async throws {
        let script = "exec 3> >(true); wait $!; \"$0\" completions fish >&3; echo \"status $?\" >&2"
        let outcome = try await ChildProcess.run("bash", ["-c", script, MartletProgram.path])
        #expect(outcome.errors == "status 0\n")
    }

    @Test func aFullDiskBehindTheOutputIsNamed() async throws {
        let outcome = try await ChildProcess.run("sh", ["-c", "\"$0\" --help > /dev/full", MartletProgram.path])
        #expect(outcome.exitCode == 5)
        #expect(outcome.errors == "martlet: Standard output took no more: No space left on device.\n")
    }
}
