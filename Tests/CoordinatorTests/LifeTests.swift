// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletCoordinator
import MartletModel
import MartletPorts
import MartletTestKit
import Synchronization
import Testing

/// Cancelling, stopping, and a store that fails.
@Suite struct LifeTests {
    private struct StoreFailure: CodedError, Equatable {
        let codeName = "store.full"
        let message = "the disk is full"
        let advice: String? = nil
        let isRetryable = false
        let exitStatus = ExitStatus.writeFailed
    }

    // MARK: Cancelling

    private func cancel(_ studio: Studio) async throws {
        try await waiting(for: "the job to be cancelled") { await studio.coordinator.cancel(studio.job) }
        #expect(try await studio.error() is CancellationError)
        #expect(try await studio.keptState() == .cancelled)
        #expect(try studio.outputNames().isEmpty)
        let events = try await studio.stopped()
        #expect(events.compactMap(\.newState).last == .cancelled)
        #expect(events.filter(\.isFailure) == [])
    }

    @Test("A job that waits for workers can be cancelled")
    func cancelWaiting() async throws {
        let studio = try await Studio()
        try await studio.submit()
        try await cancel(studio)
    }

    @Test("A job at work can be cancelled: its workers are told, and what is done is kept")
    func cancelProcessing() async throws {
        let studio = try await Studio()
        let hand = try await studio.hand(policy: Hand.idle)
        try await studio.submit()
        let orders = try await hand.assignments.wait(for: "two orders") { $0.count == 2 }
        try await hand.finish(orders[0], .completed(try await hand.made(orders[0])))
        let third = try await hand.assignments.entry(2, "order")
        try await cancel(studio)
        let stops = try await hand.stops.wait(for: "two stops") { $0.count == 2 }
        #expect(Set(stops) == [orders[1].lease, third.lease])
        #expect(try studio.workNames() == ["\(orders[0].task.id).1.mkv"])

        let next = try await Studio(after: studio)
        _ = try await next.hand()
        try await next.submit()
        _ = try await next.outcome()
        #expect(await next.coordinator.reusedSegments(of: next.job) == 1)
    }

    @Test("A job that is being joined can be cancelled, and no half file is left")
    func cancelCombining() async throws {
        let gate = ManualClock()
        let studio = try await Studio(
            assembler: ChainingAssembler { try await gate.sleep(until: Moment(nanoseconds: 1)) })
        _ = try await studio.hand()
        try await studio.submit()
        try await waiting(for: "the join to begin") { await gate.waitForSleepers() }
        #expect(try studio.outputNames() == [".out.mp4.job.part"])
        try await cancel(studio)
    }

    @Test("Cancelling what is over, or unknown, changes nothing")
    func cancelFinished() async throws {
        let studio = try await Studio()
        _ = try await studio.hand()
        try await studio.submit()
        _ = try await studio.outcome()
        await studio.coordinator.cancel(studio.job)
        await studio.coordinator.cancel(JobID("nobody"))
        #expect(try await studio.keptState() == .completed)
        #expect(try await studio.outcome().frames == 900)
    }

    // MARK: Stopping

    @Test("Stopping ends the orders and the waits, and keeps the state for the next run")
    func stopWhileProcessing() async throws {
        let studio = try await Studio()
        let hand = try await studio.hand(policy: Hand.idle)
        try await studio.submit()
        let orders = try await hand.assignments.wait(for: "two orders") { $0.count == 2 }
        let end = Task { try await studio.error() }
        let events = try await studio.stopped()
        #expect(try await end.value is CancellationError)
        _ = try await hand.left.entry(0, "end of orders")
        #expect(try await studio.keptState() == .processing)
        #expect(events.filter(\.isFailure) == [])

        // What the worker gives back is kept, and not given out again.
        for order in orders { #expect(try await hand.finish(order, .interrupted)) }
        await studio.coordinator.unregister(WorkerID("w1"))
        let tasks = try await studio.memory.tasks(of: studio.job)
        #expect(tasks.map(\.epoch) == [1, 1, 0])
        #expect(tasks.map(\.state) == [.queued, .queued, .queued])
        #expect(hand.assignments.entries.count == 2)
        #expect(try await studio.keptState() == .processing)
    }

    @Test("A stopped coordinator takes nothing in")
    func afterStop() async throws {
        let studio = try await Studio()
        _ = try await studio.stopped()
        await #expect(throws: CancellationError.self) { try await studio.submit() }
        let hand = try await studio.hand()
        _ = try await hand.left.entry(0, "end of orders")
        #expect(try await studio.stopped().isEmpty)
        #expect(try await waiting(for: "the events") { await studio.coordinator.events().first { _ in true } } == nil)
        #expect(studio.clock.sleeperCount == 0)
    }

    @Test("Stopping while records are being written waits for them, and begins no join")
    func stopWhilePending() async throws {
        let gate = ManualClock()
        let studio = try await Studio(store: { memory in
            FaultyStore(
                memory,
                before: { change in
                    guard case .updateTasks(let tasks) = change, tasks.contains(where: { $0.state == .completed })
                    else { return }
                    try await gate.sleep(until: Moment(nanoseconds: 1))
                })
        })
        _ = try await studio.hand(slots: 3)
        try await studio.submit()
        try await waiting(for: "a record to be written") { await gate.waitForSleepers() }
        let stopping = Task { await studio.coordinator.stop() }
        gate.advance(by: .nanoseconds(1))
        try await waiting(for: "the coordinator to stop") { await stopping.value }
        #expect(try studio.outputNames().isEmpty)
        let kept = try await studio.memory.job(studio.job)
        await studio.coordinator.stop()
        #expect(try studio.outputNames().isEmpty)
        #expect(kept?.state.isFinal == false)

        let next = try await Studio(after: studio)
        _ = try await next.hand()
        try await next.submit()
        #expect(try await next.outcome().frames == 900)
    }

    @Test("Whoever waits for a job may give that up, and the job goes on")
    func waitIsGivenUp() async throws {
        let studio = try await Studio()
        try await studio.submit()
        let (coordinator, job) = (studio.coordinator, studio.job)
        let begun = Task { try await coordinator.outcome(of: job) }
        let late = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await coordinator.outcome(of: job)
        }
        begun.cancel()
        for wait in [begun, late] {
            await #expect(throws: CancellationError.self) {
                try await waiting(for: "the end of the wait") { try await wait.value }
            }
        }
        _ = try await studio.hand()
        #expect(try await studio.outcome().frames == 900)
        _ = try await studio.stopped()
    }

    @Test("An error that comes of stopping a join does not fail the job")
    func stopSpoilsJoin() async throws {
        let gate = ManualClock()
        let studio = try await Studio(
            assembler: ChainingAssembler {
                do { try await gate.sleep(until: Moment(nanoseconds: 1)) } catch { throw StoreFailure() }
            })
        _ = try await studio.hand()
        try await studio.submit()
        try await waiting(for: "the join to begin") { await gate.waitForSleepers() }
        let events = try await studio.stopped()
        #expect(try await studio.keptState() == .combining)
        #expect(events.filter(\.isFailure) == [])
        #expect(try studio.outputNames().isEmpty)
    }

    // MARK: A failing store

    @Test("When the store fails, every job ends with its error, once, and nothing goes on")
    func storeFails() async throws {
        let disk = Disk()
        let studio = try await Studio(store: { memory in FaultyStore(memory, before: { _ in try disk.check() }) })
        let hand = try await studio.hand(slots: 6, policy: Hand.idle)
        let other = JobID("other")
        try await studio.submit()
        try await studio.submit(as: other, to: studio.directory.file("other.mp4"))
        let orders = try await hand.assignments.wait(for: "six orders") { $0.count == 6 }
        disk.isFull.withLock { $0 = true }
        for order in orders.dropLast() { try await hand.finish(order, .completed(try await hand.made(order))) }
        // That it has space again does not make good what was not kept.
        disk.isFull.withLock { $0 = false }
        for order in orders.suffix(1) { try await hand.finish(order, .completed(try await hand.made(order))) }
        #expect(try await studio.error() as? StoreFailure == StoreFailure())
        #expect(try await studio.error(of: other) as? StoreFailure == StoreFailure())
        _ = try await hand.left.entry(0, "end of orders")
        await #expect(throws: StoreFailure.self) { try await studio.submit(as: JobID("third")) }
        #expect(try await studio.keptState() == .processing)
        #expect(try await studio.keptState(of: other) == .processing)
        #expect(studio.assembler.requests.entries.isEmpty)
        let events = try await studio.stopped()
        #expect(events.count(where: \.isFailure) == 2)
    }

    private final class Disk: Sendable {
        let isFull = Mutex(false)

        func check() throws { if isFull.withLock({ $0 }) { throw StoreFailure() } }
    }

    // MARK: What is left

    @Test("Nothing holds a coordinator that is no longer used", arguments: [true, false])
    func released(isStopped: Bool) async throws {
        let gone = Journal<Void>()
        var studio: Studio? = try await Studio(store: { memory in FaultyStore(memory, gone: { gone.note(()) }) })
        weak let coordinator = studio?.coordinator
        try await studio?.submit()
        var hand = try await studio?.hand()
        _ = try await studio?.outcome()
        // An alarm is set for the worker's silence, and someone listens.
        try await waiting(for: "the alarm") { [clock = studio?.clock] in await clock?.waitForSleepers() }
        if isStopped { _ = try await studio?.stopped() } else { await studio?.coordinator.unregister(WorkerID("w1")) }
        _ = try await hand?.left.entry(0, "end of orders")
        #expect(coordinator != nil)
        hand = nil
        studio = nil
        _ = try await gone.entry(0, "release of the store")
        #expect(coordinator == nil)
    }
}
