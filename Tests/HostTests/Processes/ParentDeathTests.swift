// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import CSpawn
import Foundation
import Glibc
import Testing

@Suite struct ParentDeathTests {
    /// What a started child is known by.
    struct Started: Sendable {
        var failure: Int32
        var pidfd: Int32
    }

    @Test func aChildDiesWithWhoeverStartedIt() async throws {
        let lifeline = try Lifeline()
        let path = lifeline.path
        // The system binds a child to the thread that started it, and a process's end ends its threads.
        let started = await withCheckedContinuation { continuation in
            let thread = Thread { continuation.resume(returning: start("exec 5>\(path); kill -STOP $$")) }
            thread.start()
        }
        try #require(started.failure == 0)
        defer { close(started.pidfd) }
        var end = martlet_exit()
        #expect(martlet_reap(started.pidfd, &end) == 0)
        #expect(end.signalled == 1 && end.status == SIGKILL)
    }

    private func start(_ script: String) -> Started {
        let texts: [String] = ["/bin/sh", "-c", script]
        var words: [UnsafeMutablePointer<CChar>?] = texts.map { text in strdup(text) }
        words.append(nil)
        defer { for word in words { free(word) } }
        var environment: [UnsafeMutablePointer<CChar>?] = [nil]
        var (pid, pidfd): (pid_t, Int32) = (-1, -1)
        let failure = words.withUnsafeBufferPointer { words in
            environment.withUnsafeMutableBufferPointer { environment in
                var request = martlet_spawn_request(
                    path: words[0], arguments: words.baseAddress, environment: environment.baseAddress,
                    directory: nil, input: -1, output: 1, errors: 2, niceness: 0, address_space: -1, cpu_seconds: -1,
                    file_size: -1)
                return martlet_spawn(&request, &pid, &pidfd)
            }
        }
        return Started(failure: failure, pidfd: pidfd)
    }
}
