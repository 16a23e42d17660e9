// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPorts
import MartletTestKit
import Testing

@testable import MartletCoordinator

/// How what was decided gets to the disk.
@Suite struct GatheringTests {
    @Test("What was decided while the disk was busy is kept together, and no result is taken before")
    func gathering() async throws {
        let transactions = Journal<Int>()
        let disk = ManualClock()
        let studio = try await Studio(store: { memory in
            FaultyStore(
                memory,
                before: { change in
                    if case .together(let changes) = change { transactions.note(changes) }
                    guard case .updateTasks(let tasks) = change, tasks.contains(where: { $0.state == .completed })
                    else { return }
                    try await disk.sleep(until: Moment(nanoseconds: 1))
                })
        })
        let hand = try await studio.hand(slots: 3, policy: Hand.idle)
        try await studio.submit()
        let orders = try await hand.assignments.wait(for: "three orders") { $0.count == 3 }
        let before = transactions.entries.count
        var finishing: [Task<Bool, any Error>] = []
        for (number, order) in orders.enumerated() {
            let artifact = try await hand.made(order)
            finishing.append(Task { try await hand.finish(order, .completed(artifact)) })
            try await waiting(for: "result \(number) to be decided") {
                while await studio.coordinator.taskCounts(of: studio.job)?[.completed] != number + 1 {
                    await Task.yield()
                }
            }
            if number == 0 {
                _ = try await transactions.wait(for: "the disk to be busy") { $0.count > before }
            }
        }
        #expect(hand.taken.entries.isEmpty)
        #expect(transactions.entries.count == before + 1)
        disk.advance(by: .nanoseconds(1))
        for task in finishing { #expect(try await task.value) }
        _ = try await studio.outcome()
        #expect(transactions.entries.dropFirst(before) == [2, 4])
    }
}
