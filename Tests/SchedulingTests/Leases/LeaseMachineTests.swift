// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletScheduling
import Testing

@Suite struct LeaseMachineTests {
    let w1 = WorkerID("w1")
    let w2 = WorkerID("w2")
    let length = Duration.seconds(30)

    private func holder(_ worker: WorkerID, _ epoch: Int, since: Double, until: Double) -> LeaseMachine.Holder {
        LeaseMachine.Holder(worker: worker, epoch: Epoch(epoch), since: at(since), until: at(until))
    }

    @Test func onlyOneHolderAtATimeAndEveryEpochOnce() {
        var lease = LeaseMachine()
        #expect(lease.requested(by: w1, now: at(0), duration: length) == .grant(Epoch(1), until: at(30)))
        #expect(lease.requested(by: w2, now: at(1), duration: length) == .refuse(.alreadyHeld))
        #expect(lease.requested(by: w1, now: at(1), duration: length) == .refuse(.alreadyHeld))
        #expect(lease.renewed(by: w1, epoch: Epoch(1), now: at(20), duration: length) == .extend(until: at(50)))
        #expect(lease.renewed(by: w2, epoch: Epoch(1), now: at(21), duration: length) == .refuse(.staleEpoch))
        #expect(lease.ticked(now: at(49.9)) == .none)
        #expect(lease.ticked(now: at(50)) == .end(holder(w1, 1, since: 0, until: 50)))
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

    @Test func copiesHaveEpochsOfTheirOwnAndEndOneByOne() {
        var lease = LeaseMachine()
        _ = lease.requested(by: w1, now: at(0), duration: length)
        #expect(lease.requested(by: w1, isCopy: true, now: at(1), duration: length) == .refuse(.alreadyHeld))
        #expect(
            lease.requested(by: w2, isCopy: true, now: at(5), duration: length) == .grant(Epoch(2), until: at(35)))
        #expect(lease.ticked(now: at(30)) == .end(holder(w1, 1, since: 0, until: 30)))
        #expect(lease.ticked(now: at(30)) == .none)
        #expect(lease.holders == [holder(w2, 2, since: 5, until: 35)])
        #expect(lease.refusal(of: w1, epoch: Epoch(1)) == .staleEpoch)
        #expect(lease.reclaimed(by: w1, epoch: Epoch(1), now: at(31), duration: length) == .refuse(.staleEpoch))
        #expect(lease.finished(by: w2, epoch: Epoch(2)) == .accept)
        #expect(lease.holders.isEmpty)
    }

    @Test func latestLeaseCanBeTakenUpAgainAndNoOther() {
        var lease = LeaseMachine(latest: 3)
        #expect(lease.reclaimed(by: w1, epoch: Epoch(2), now: at(0), duration: length) == .refuse(.staleEpoch))
        #expect(lease.reclaimed(by: w1, epoch: Epoch(4), now: at(0), duration: length) == .refuse(.staleEpoch))
        #expect(
            lease.reclaimed(by: w1, epoch: Epoch(3), now: at(1), duration: length) == .grant(Epoch(3), until: at(31)))
        #expect(lease.reclaimed(by: w1, epoch: Epoch(3), now: at(2), duration: length) == .refuse(.staleEpoch))
        #expect(lease.ended(by: w1, epoch: Epoch(3)) == .end(holder(w1, 3, since: 1, until: 31)))
        #expect(lease.requested(by: w2, now: at(3), duration: length) == .grant(Epoch(4), until: at(33)))
    }

    /// Every state meets every event, from the holder and from others.
    enum StateName: CaseIterable { case free, held, finished }
    enum EventName: CaseIterable {
        case requested, renewed, renewedStale, tickedEarly, tickedLate, ended, endedStale, finished, finishedByAnother,
            reclaimedStale
    }

    private func expected(_ state: StateName, _ event: EventName) -> LeaseMachine.Action {
        switch (state, event) {
        case (.free, .requested): .grant(Epoch(5), until: at(40))
        case (.free, .tickedEarly), (.free, .tickedLate): .none
        case (.free, _): .refuse(.staleEpoch)
        case (.held, .requested): .refuse(.alreadyHeld)
        case (.held, .renewed): .extend(until: at(40))
        case (.held, .tickedEarly): .none
        case (.held, .tickedLate), (.held, .ended): .end(holder(w1, 5, since: 0, until: 30))
        case (.held, .finished): .accept
        case (.held, _): .refuse(.staleEpoch)
        case (.finished, .tickedEarly), (.finished, .tickedLate): .none
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
            case .ended: lease.ended(by: w1, epoch: Epoch(5))
            case .endedStale: lease.ended(by: w1, epoch: Epoch(4))
            case .finished: lease.finished(by: w1, epoch: Epoch(5))
            case .finishedByAnother: lease.finished(by: w2, epoch: Epoch(5))
            case .reclaimedStale: lease.reclaimed(by: w1, epoch: Epoch(3), now: now, duration: length)
            }
        #expect(action == expected(state, event))
    }
}
