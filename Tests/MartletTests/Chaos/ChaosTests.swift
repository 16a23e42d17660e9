// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletTestKit
import Testing

/// A seeded monkey has a cluster of real processes in its hands.
@Suite(.serialized) struct ChaosTests {
    private static func plan(_ seed: UInt64, _ length: Duration = .seconds(60)) -> ChaosPlan {
        ChaosPlan(seed: seed, length: length, workers: workers, orders: isLong ? ChaosOrder.all : ChaosOrder.light)
    }

    private static let workers = 3
    private static let isLong = Trial.current.length != nil

    @Test("A seed always means the same deeds, and everything is set right again")
    func plans() {
        for seed in 1...200 as ClosedRange<UInt64> {
            let plan = Self.plan(seed)
            #expect(plan == Self.plan(seed))
            #expect(plan.steps.map(\.at) == plan.steps.map(\.at).sorted())
            #expect(plan.steps.allSatisfy { $0.at <= .seconds(60) })
            var wrong: Set<ChaosDeed> = []
            for step in plan.steps {
                switch step.deed {
                case .kill, .end, .stop, .cut, .fill, .stopEncoder:
                    #expect(wrong.insert(step.deed).inserted, "seed \(seed): \(step)")
                case .start(let machine):
                    #expect(wrong.remove(.kill(machine)) ?? wrong.remove(.end(machine)) != nil, "seed \(seed): \(step)")
                case .replace(let number): #expect(wrong.remove(.kill(.worker(number))) != nil, "seed \(seed): \(step)")
                case .wake(let machine): #expect(wrong.remove(.stop(machine)) != nil, "seed \(seed): \(step)")
                case .mend(let number): #expect(wrong.remove(.cut(number)) != nil, "seed \(seed): \(step)")
                case .free(let machine): #expect(wrong.remove(.fill(machine)) != nil, "seed \(seed): \(step)")
                case .wakeEncoders(let number):
                    wrong = wrong.filter { if case .stopEncoder(number, _) = $0 { false } else { true } }
                case .submit, .cancel, .retry, .prioritise, .killChild, .hangEncoder, .drain, .remove: break
                }
            }
            #expect(wrong.isEmpty, "seed \(seed)")
        }
        #expect(Self.plan(1) != Self.plan(2))
    }

    @Test("Whatever is done to a cluster, each job ends with the undisturbed bytes, or with a reason")
    func monkey() async throws {
        for seed in Trial.current.seeds(short: 1113...1113) {
            if Self.isLong { Self.tell("seed \(seed)") }
            try await round(seed: seed)
        }
    }

    /// One cluster, from its start to its end. Those of the long form are short, too: so a fault is found again soon.
    private func round(seed: UInt64) async throws {
        let length: Duration = Self.isLong ? .seconds(45) : .seconds(9)
        let cluster = try await ChaosCluster(workers: Self.workers) { if Self.isLong { Self.tell("  \($0)") } }
        var faults: [String]
        do {
            try await cluster.perform(Self.plan(seed, length))
            let aftermath = try await ChaosAftermath(of: cluster, patience: .seconds(180))
            await cluster.note(aftermath.summary)
            faults = aftermath.faults
        } catch {
            faults = await cluster.faults + ["\(error)"]
        }
        if !faults.isEmpty {
            for fault in faults { await cluster.note("FAULT: \(fault)") }
            let place = try? await cluster.keep(as: "martlet-chaos-\(seed)")
            let again = Self.isLong ? ", again by: make chaos SEED=\(seed) MINUTES=1" : ""
            Issue.record("seed \(seed), logs in \(place ?? "no place")\(again)\n\(faults.joined(separator: "\n"))")
        }
        await cluster.remove()
    }

    private static func tell(_ line: String) { FileHandle.standardError.write(Data("\(line)\n".utf8)) }
}
