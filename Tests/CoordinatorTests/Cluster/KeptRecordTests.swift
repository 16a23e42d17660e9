// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPorts
import MartletTestKit
import MartletWire
import Synchronization
import Testing

@testable import MartletCoordinator

@Suite("What a cluster keeps of its jobs", .timeLimit(.minutes(5)))
struct KeptRecordTests {
    @Test("How urgent a job was made is kept before that is answered")
    func priority() async throws {
        let hall = try await Hall()
        let hand = try await hall.hand(policy: Hand.idle)
        let job = try await hall.submit()
        _ = try await hand.assignments.entry(0, "an order")
        _ = try await hall.service.setPriority(.critical, of: job)
        #expect(try await hall.memory.job(job)?.priority == .critical)
        await hall.service.stop()
    }

    @Test("An attempt whose end could not be kept is over when its job is")
    func attempts() async throws {
        let hall = try await Hall()
        let job = try await hall.submit()
        _ = try await hall.reached(.waitingForWorkers, by: job)
        try await hall.memory.record(
            AttemptRecord(
                job: job, task: TaskID("video-00000"), epoch: 1, worker: WorkerID("gone"), startedMilliseconds: 1,
                endedMilliseconds: nil, result: nil))
        #expect(try await hall.service.cancel(job).state == .cancelled)
        #expect(try await hall.memory.attempts(of: job).map(\.result) == [.interrupted])
        await hall.service.stop()
    }

    @Test("Records that cannot be written while a job is planned cost time, not the job")
    func planning() async throws {
        let isBroken = Mutex(true)
        let hall = try await Hall(store: { memory in
            FaultyStore(
                memory,
                before: { change in
                    guard case .updateJob(let job) = change, job.plan != nil, isBroken.withLock({ $0 }) else { return }
                    throw AttemptFailure(
                        code: "store.write_failed", message: "no space is left", isRetryable: false)
                })
        })
        _ = try await hall.hand()
        let job = try await hall.submit()
        try await hall.becomes(hindered: true)
        isBroken.withLock { $0 = false }
        await hall.clock.waitForSleepers(2)
        hall.clock.advance(by: .seconds(5))
        try await hall.becomes(hindered: false)
        _ = try await hall.hand("w2")
        _ = try await hall.reached(.completed, by: job)
        await hall.service.stop()
    }
}
