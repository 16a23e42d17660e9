// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import Glibc
import MartletHost
import MartletModel
import MartletPorts
import Testing

/// One after the other: signals belong to the whole process.
@Suite(.serialized) struct MachineTests {
    @Test func theMachineIsDescribed() {
        let facts = MachineProbe().facts()
        #expect(facts.processors >= 1)
        #expect(facts.memory > .mebibytes(64))
        #expect(facts.operatingSystem.hasPrefix("Linux "))
        #expect(!facts.hostName.isEmpty)
    }

    @Test func theControlGroupsOnTheWayUpSetTheLimits() throws {
        let root = NSTemporaryDirectory() + "machine-\(UUID().uuidString)"
        defer { try? LocalFiles().remove(root) }
        let contents = [
            "proc/self/cgroup": "1:name=systemd:/\n0::/pod/box\n", "sys/fs/cgroup/pod/cpu.max": "50000 100000\n",
            "sys/fs/cgroup/pod/memory.max": "max\n", "sys/fs/cgroup/pod/box/cpu.max": "max 100000\n",
            "sys/fs/cgroup/pod/box/memory.max": "268435456\n", "proc/sys/kernel/ostype": "Linux\n",
            "proc/sys/kernel/osrelease": "6.1.0\n", "proc/sys/kernel/hostname": "box-7\n",
        ]
        for (name, text) in contents {
            let file = URL(filePath: root + "/" + name)
            try LocalFiles().makeDirectory(file.deletingLastPathComponent().path)
            try Data(text.utf8).write(to: file)
        }
        #expect(
            MachineProbe(root: root).facts()
                == MachineFacts(
                    processors: 1, memory: .mebibytes(256), operatingSystem: "Linux 6.1.0", hostName: "box-7"))
    }

    @Test func sleepingEndsAtTheDeadlineAndNotBefore() async throws {
        let time = SystemTime()
        let deadline = time.now() + .milliseconds(30)
        try await time.sleep(until: deadline)
        #expect(time.now() >= deadline)
        try await time.sleep(until: deadline)
        #expect(time.wallMilliseconds() > 1_700_000_000_000)
    }

    @Test func sleepingEndsWhenCancelled() async throws {
        let time = SystemTime()
        let sleep = Task { try await time.sleep(until: time.now() + .seconds(1000)) }
        sleep.cancel()
        await #expect(throws: CancellationError.self) { try await sleep.value }
    }

    @Test func theFirstSignalAsksAndTheSecondInsists() async throws {
        // Whoever runs the tests in the background of a shell has them ignore it, and what is ignored stays so.
        signal(SIGINT, SIG_DFL)
        let heard = AsyncStream<String>.makeStream()
        var signals: InterruptSignals? = InterruptSignals(
            insist: { heard.continuation.yield("insist \($0)") }, stop: { heard.continuation.yield("stop \($0)") })
        var words = heard.stream.makeAsyncIterator()
        kill(getpid(), SIGTERM)
        #expect(await words.next() == "stop \(SIGTERM)")
        kill(getpid(), SIGINT)
        #expect(await words.next() == "insist \(SIGINT)")
        kill(getpid(), SIGINT)
        #expect(await words.next() == "insist \(SIGINT)")
        withExtendedLifetime(signals) {}
        signals = nil
        var action = sigaction()
        sigaction(SIGTERM, nil, &action)
        #expect(action.__sigaction_handler.sa_handler == nil)
    }
}
