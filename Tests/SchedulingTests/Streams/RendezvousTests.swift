// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletScheduling
import Testing

/// Which worker has which part.
@Suite struct RendezvousTests {
    private let workers = (1...4).map { WorkerID("worker-\($0)") }
    private let things = (0..<400).map { "film/720p/\($0)" }

    @Test func everyoneFindsTheSameOrderWhateverOneIsToldFirst() {
        for thing in things {
            #expect(
                Rendezvous.order(of: workers, for: thing) == Rendezvous.order(of: workers.reversed(), for: thing))
        }
    }

    @Test func neighboursAreSpreadOverAllWorkers() {
        let firsts = Dictionary(grouping: things) { Rendezvous.order(of: workers, for: $0)[0] }
        #expect(firsts.count == 4)
        for (worker, own) in firsts { #expect((60...140).contains(own.count), "\(worker): \(own.count)") }
    }

    @Test func aWorkerThatGoesTakesOnlyItsOwnWithIt() {
        let left = Array(workers.dropLast())
        for thing in things {
            let before = Rendezvous.order(of: workers, for: thing)
            #expect(Rendezvous.order(of: left, for: thing) == before.filter { $0 != workers[3] })
        }
    }
}
