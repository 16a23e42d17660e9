// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletScheduling
import Testing

@Suite struct LeaseMachineTests {
    let w1 = WorkerID("w1")
    let w2 = WorkerID("w2")
    let length = Duration.seconds(30)

    @Test func onlyOneHolderAtATimeAndEveryEpochOnce() {
        var lease = LeaseMachine()
        #expect(lease.requested(by: w1, now: at(0), duration: length) == .grant(Epoch(1), until: at(30)))
        #expect(lease.requested(by: w2, now: at(1), duration: length) == .refuse(.alreadyHeld))
        #expect(lease.requested(by: w1, now: at(1), duration: length) == .refuse(.alreadyHeld))
        #expect(lease.renewed(by: w1, epoch: Epoch(1), now: at(20), duration: length) == .extend(until: at(50)))
        #expect(lease.renewed(by: w2, epoch: Epoch(1), now: at(21), duration: length) == .refuse(.staleEpoch))
        #expect(lease.ticked(now: at(49.9)) == .none)
        #expect(lease.ticked(now: at(50)) == .requeue(from: w1, Epoch(1)))
        #expect(lease.finished(by: w1, epoch: Epoch(1)) == .refuse(.staleEpoch))
        #expect(lease.requested(by: w2, now: at(51), duration: length) == .grant(Epoch(2), until: at(81)))
        #expect(lease.finished(by: w1, epoch: Epoch(1)) == .refuse(.staleEpoch))
        #expect(lease.renewed(by: w1, epoch: Epoch(1), now: at(52), duration: length) == .refuse(.staleEpoch))
        #expect(lease.finished(by: w2, epoch: Epoch(2)) == .accept)
        #expect(lease.finished(by: w2, epoch: Epoch(2)) == .refuse(.finished))
        #expect(lease.requested(by: w1, now: at(60), duration: length) == .refuse(.finished))
        #expect(lease.latestEpoch == 2)
    }

    @Test func keptEpochsAreNeverGivenOutAgain() {
        var lease = LeaseMachine(latest: 7)
        #expect(lease.latestEpoch == 7)
        #expect(lease.requested(by: w1, now: at(0), duration: length) == .grant(Epoch(8), until: at(30)))
        #expect(LeaseMachine(finishedUnder: 7).latestEpoch == 7)
    }

    /// Every state meets every event, from the holder and from others.
    enum StateName: CaseIterable { case free, held, finished }
    enum EventName: CaseIterable {
        case requested, renewed, renewedStale, tickedEarly, tickedLate, released, releasedStale, finished,
            finishedByAnother, revoked
    }

    private func expected(_ state: StateName, _ event: EventName) -> LeaseMachine.Action {
        switch (state, event) {
        case (.free, .requested): .grant(Epoch(5), until: at(40))
        case (.free, .tickedEarly), (.free, .tickedLate), (.free, .revoked): .none
        case (.free, _): .refuse(.staleEpoch)
        case (.held, .requested): .refuse(.alreadyHeld)
        case (.held, .renewed): .extend(until: at(40))
        case (.held, .tickedEarly): .none
        case (.held, .tickedLate), (.held, .released), (.held, .revoked): .requeue(from: w1, Epoch(5))
        case (.held, .finished): .accept
        case (.held, .renewedStale), (.held, .releasedStale), (.held, .finishedByAnother): .refuse(.staleEpoch)
        case (.finished, .tickedEarly), (.finished, .tickedLate), (.finished, .revoked): .none
        case (.finished, _): .refuse(.finished)
        }
    }

    @Test(arguments: StateName.allCases, EventName.allCases)
    func everyStateAnswersEveryEvent(_ state: StateName, _ event: EventName) {
        var lease = LeaseMachine(latest: 4)
        if state != .free { _ = lease.requested(by: w1, now: at(0), duration: length) }
        if state == .finished { _ = lease.finished(by: w1, epoch: Epoch(5)) }
        let now = at(10)
        let action =
            switch event {
            case .requested: lease.requested(by: w2, now: now, duration: length)
            case .renewed: lease.renewed(by: w1, epoch: Epoch(5), now: now, duration: length)
            case .renewedStale: lease.renewed(by: w1, epoch: Epoch(4), now: now, duration: length)
            case .tickedEarly: lease.ticked(now: now)
            case .tickedLate: lease.ticked(now: at(30))
            case .released: lease.released(by: w1, epoch: Epoch(5))
            case .releasedStale: lease.released(by: w1, epoch: Epoch(4))
            case .finished: lease.finished(by: w1, epoch: Epoch(5))
            case .finishedByAnother: lease.finished(by: w2, epoch: Epoch(5))
            case .revoked: lease.revoked()
            }
        #expect(action == expected(state, event))
    }
}
