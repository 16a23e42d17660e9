// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPorts
import MartletTestKit
import Testing

@testable import MartletCoordinator

@Suite struct TurnsTests {
    /// A job as it waits; `at` is when it was submitted.
    private func job(_ priority: Priority = .normal, at created: Int64, state: JobState = .queued) -> LiveJob {
        var record = JobRecord.sample(createdMilliseconds: created)
        record.priority = priority
        record.state = state
        return LiveJob(record)
    }

    /// Everybody who may begin now.
    private func begun(_ turns: inout Turns) -> [String] {
        var result: [String] = []
        while let id = turns.next() { result.append(id.text) }
        return result
    }

    @Test("What was at work comes first, then the more urgent, then the older")
    func order() {
        var turns = Turns(limit: 9)
        turns.add(JobID("young"), job(at: 3))
        turns.add(JobID("old"), job(at: 1))
        turns.add(JobID("urgent"), job(.critical, at: 4))
        turns.add(JobID("begun"), job(.low, at: 5, state: .processing))
        turns.add(JobID("waited"), job(.low, at: 6, state: .waitingForWorkers))
        turns.add(JobID("old"), job(at: 1))
        #expect(begun(&turns) == ["begun", "waited", "urgent", "old", "young"])
    }

    @Test("Less urgent jobs hold up nobody, and an end makes room")
    func limit() {
        var turns = Turns(limit: 1)
        turns.add(JobID("low"), job(.low, at: 1))
        #expect(begun(&turns) == ["low"])
        turns.add(JobID("high"), job(.high, at: 2))
        turns.add(JobID("next"), job(.high, at: 3))
        #expect(begun(&turns) == ["high"])
        turns.remove(JobID("low"))
        #expect(begun(&turns) == [])
        turns.remove(JobID("high"))
        #expect(begun(&turns) == ["next"])
    }

    @Test("A changed priority counts at once, for jobs that wait and for those at work")
    func priority() {
        var turns = Turns(limit: 1)
        for (id, created) in [("a", Int64(1)), ("b", 2), ("c", 3)] { turns.add(JobID(id), job(at: created)) }
        turns.setPriority(.high, of: JobID("c"))
        #expect(begun(&turns) == ["c"])
        turns.setPriority(.low, of: JobID("a"))
        // What is at work is less urgent now than what waits.
        turns.setPriority(.low, of: JobID("c"))
        #expect(begun(&turns) == ["b"])
        turns.remove(JobID("b"))
        turns.remove(JobID("c"))
        turns.remove(JobID("a"))
        #expect(begun(&turns) == [])
    }
}
