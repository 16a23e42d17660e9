// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletScheduling
import Testing

@Suite struct DemandMachineTests {
    private func part(_ number: Int, _ rendition: String = "720p") -> StreamPart {
        StreamPart(film: "film", rendition: rendition, number: number)
    }

    private func parts(_ numbers: ClosedRange<Int>) -> [StreamPart] { numbers.map { part($0) } }

    private func at(_ seconds: Int64) -> Moment { Moment(nanoseconds: seconds * 1_000_000_000) }

    private func machine(slots: Int = 2) -> DemandMachine {
        var configuration = DemandMachine.Configuration()
        configuration.slots = slots
        return DemandMachine(configuration: configuration)
    }

    @Test func whatAViewerWaitsForIsMadeBeforeWhatComesNext() {
        var machine = machine()
        #expect(
            machine.wait(1, for: part(5), viewer: "a", ahead: parts(6...9), now: at(0))
                == [.make(part(5)), .make(part(6))])
        #expect(machine.makingCount == 2)
        #expect(machine.made(part(5), now: at(1)) == [.answer(1, part(5)), .make(part(7))])
    }

    @Test func everyoneWhoWaitsForAPartIsAnsweredByOneMaking() {
        var machine = machine()
        #expect(machine.wait(1, for: part(0), viewer: "a", ahead: [], now: at(0)) == [.make(part(0))])
        #expect(machine.wait(2, for: part(0), viewer: "b", ahead: [], now: at(0)) == [])
        #expect(machine.made(part(0), now: at(1)) == [.answer(1, part(0)), .answer(2, part(0))])
        #expect(machine.waitedCount == 0)
    }

    @Test func whoSeeksAwayHasTheWorkAheadStopped() {
        var machine = machine()
        _ = machine.wait(1, for: part(0), viewer: "a", ahead: parts(1...4), now: at(0))
        _ = machine.made(part(0), now: at(1))
        let actions = machine.wait(2, for: part(80), viewer: "a", ahead: parts(81...84), now: at(2))
        #expect(actions == [.stop(part(1)), .stop(part(2))])
        #expect(machine.stopped(part(1), now: at(2)) == [.make(part(80))])
        #expect(machine.stopped(part(2), now: at(2)) == [.make(part(81))])
    }

    @Test func whatAnotherViewerWantsGoesOn() {
        var machine = machine()
        _ = machine.wait(1, for: part(0), viewer: "a", ahead: [part(1)], now: at(0))
        _ = machine.look("b", ahead: [part(1)], now: at(0))
        #expect(machine.look("a", ahead: [], now: at(1)) == [])
    }

    @Test func workAheadGivesWayToWhoWaits() {
        var machine = machine()
        _ = machine.look("a", ahead: parts(1...4), now: at(0))
        // The later one of the two gives way, and only one does.
        #expect(machine.wait(1, for: part(50), viewer: "b", ahead: [], now: at(1)) == [.stop(part(2))])
        #expect(machine.wait(2, for: part(50), viewer: "c", ahead: [], now: at(1)) == [])
        // A second part that somebody waits for takes the other slot.
        #expect(machine.wait(3, for: part(60), viewer: "d", ahead: [], now: at(2)) == [.stop(part(1))])
        #expect(machine.stopped(part(2), now: at(3)) == [.make(part(50))])
        #expect(machine.stopped(part(1), now: at(3)) == [.make(part(60))])
        // What gave way is made when there is room again.
        #expect(machine.made(part(50), now: at(4)).contains(.make(part(1))))
    }

    @Test func whatSomebodyWaitsForIsNotStoppedForOthersWhoWait() {
        var machine = machine(slots: 1)
        _ = machine.wait(1, for: part(0), viewer: "a", ahead: [], now: at(0))
        #expect(machine.wait(2, for: part(9), viewer: "b", ahead: [], now: at(1)) == [])
        #expect(machine.made(part(0), now: at(2)) == [.answer(1, part(0)), .make(part(9))])
    }

    @Test func theLongestWaitComesFirst() {
        var machine = machine(slots: 1)
        _ = machine.wait(1, for: part(9), viewer: "a", ahead: [], now: at(0))
        _ = machine.wait(2, for: part(8), viewer: "b", ahead: [], now: at(1))
        _ = machine.wait(3, for: part(7), viewer: "c", ahead: [], now: at(2))
        #expect(machine.made(part(9), now: at(3)) == [.answer(1, part(9)), .make(part(8))])
    }

    @Test func whoHangsUpStillWantsThePartUntilTheNextRequest() {
        var machine = machine()
        _ = machine.wait(1, for: part(0), viewer: "a", ahead: [], now: at(0))
        #expect(machine.leave(1, part: part(0), now: at(1)) == [])
        #expect(machine.wait(2, for: part(0), viewer: "a", ahead: [], now: at(2)) == [])
        #expect(machine.leave(2, part: part(0), now: at(3)) == [])
        #expect(
            machine.wait(3, for: part(40), viewer: "a", ahead: [], now: at(4)) == [.stop(part(0)), .make(part(40))])
    }

    @Test func whatIsStoppedAndWantedAgainIsMadeAnew() {
        var machine = machine()
        _ = machine.look("a", ahead: [part(1)], now: at(0))
        #expect(machine.look("a", ahead: [], now: at(1)) == [.stop(part(1))])
        #expect(machine.wait(1, for: part(1), viewer: "a", ahead: [], now: at(2)) == [])
        #expect(machine.stopped(part(1), now: at(3)) == [.make(part(1))])
        #expect(machine.made(part(1), now: at(4)) == [.answer(1, part(1))])
    }

    @Test func aPartThatWasDoneBeforeItCouldBeStoppedIsDone() {
        var machine = machine()
        _ = machine.look("a", ahead: [part(1)], now: at(0))
        #expect(machine.look("a", ahead: [], now: at(1)) == [.stop(part(1))])
        #expect(machine.made(part(1), now: at(2)) == [])
        #expect(machine.makingCount == 0)
    }

    @Test func aPartThatAnotherNodeHasIsTriedAgainWhenItsTimeIsOver() {
        var machine = machine()
        _ = machine.wait(1, for: part(0), viewer: "a", ahead: [], now: at(0))
        #expect(machine.isHeld(part(0), for: .seconds(20), now: at(1)) == [])
        #expect(machine.makingCount == 0)
        #expect(machine.nextDeadline == at(21))
        #expect(machine.advance(to: at(20)) == [])
        #expect(machine.advance(to: at(21)) == [.make(part(0))])
        #expect(machine.made(part(0), now: at(22)) == [.answer(1, part(0))])
    }

    @Test func aPartThatAnotherNodeGivesBackIsTriedAgainAtOnce() {
        for part in [part(3), nil] {
            var machine = DemandMachine()
            #expect(machine.wait(1, for: self.part(3), viewer: "a", ahead: [], now: at(0)) == [.make(self.part(3))])
            #expect(machine.isHeld(self.part(3), for: .seconds(60), now: at(1)) == [])
            #expect(machine.wants(self.part(3)) && !machine.wants(self.part(4)))
            #expect(machine.isFree(self.part(4), now: at(2)) == [])
            #expect(machine.isFree(part, now: at(3)) == [.make(self.part(3))])
            // What this node makes goes on.
            #expect(machine.isFree(part, now: at(4)) == [])
        }
    }

    @Test func aPartThatIsGivenBackBeforeTheAnswerToItsClaimIsHeardIsTriedAgainAtOnce() {
        for part in [part(3), nil] {
            var machine = DemandMachine()
            #expect(machine.wait(1, for: self.part(3), viewer: "a", ahead: [], now: at(0)) == [.make(self.part(3))])
            #expect(machine.isFree(part, now: at(1)) == [])
            #expect(machine.isHeld(self.part(3), for: .seconds(60), now: at(2)) == [.make(self.part(3))])
            // It was news of the first claim, and not of the second.
            #expect(machine.isHeld(self.part(3), for: .seconds(60), now: at(3)) == [])
        }
    }

    @Test func aPartThatAppearsAnswersWhoWaits() {
        var machine = machine()
        _ = machine.wait(1, for: part(0), viewer: "a", ahead: [], now: at(0))
        _ = machine.isHeld(part(0), for: .seconds(20), now: at(1))
        #expect(machine.appeared(part(0), now: at(2)) == [.answer(1, part(0))])
        #expect(machine.advance(to: at(30)) == [])
    }

    @Test func aPartThatAppearsStopsItsMakingHere() {
        var machine = machine(slots: 1)
        _ = machine.wait(1, for: part(0), viewer: "a", ahead: [part(1)], now: at(0))
        #expect(machine.appeared(part(0), now: at(1)) == [.answer(1, part(0)), .stop(part(0))])
        #expect(machine.makingCount == 1)
        #expect(machine.stopped(part(0), now: at(2)) == [.make(part(1))])
    }

    @Test func aPartThatFailsIsTriedAgainAndThenRefused() {
        var machine = machine()
        _ = machine.wait(1, for: part(0), viewer: "a", ahead: [], now: at(0))
        for second in 1...2 {
            #expect(
                machine.failed(part(0), reason: "no", isRetryable: true, now: at(Int64(second))) == [.make(part(0))])
        }
        #expect(
            machine.failed(part(0), reason: "no", isRetryable: true, now: at(3))
                == [.refuse(1, part(0), reason: "no")])
        // It rests: who asks now hears the reason at once.
        #expect(
            machine.wait(2, for: part(0), viewer: "a", ahead: [], now: at(4)) == [.refuse(2, part(0), reason: "no")])
        _ = machine.advance(to: at(13))
        #expect(machine.wait(3, for: part(0), viewer: "a", ahead: [], now: at(13)) == [.make(part(0))])
    }

    @Test func whatCannotBeHelpedIsNotTriedAgain() {
        var machine = machine()
        _ = machine.wait(1, for: part(0), viewer: "a", ahead: [], now: at(0))
        #expect(
            machine.failed(part(0), reason: "no", isRetryable: false, now: at(1))
                == [.refuse(1, part(0), reason: "no")])
    }

    @Test func whatFailedAheadIsTriedAgainForWhoWaits() {
        var machine = machine()
        _ = machine.look("a", ahead: [part(1)], now: at(0))
        #expect(machine.failed(part(1), reason: "no", isRetryable: true, now: at(1)) == [])
        #expect(machine.wait(1, for: part(1), viewer: "a", ahead: [], now: at(2)) == [.make(part(1))])
    }

    @Test func anIdleViewerWantsNothing() {
        var machine = machine()
        _ = machine.look("a", ahead: parts(1...3), now: at(0))
        #expect(machine.nextDeadline == at(60))
        #expect(machine.advance(to: at(59)) == [])
        #expect(machine.advance(to: at(60)) == [.stop(part(1)), .stop(part(2))])
        #expect(machine.viewerCount == 0)
    }

    @Test func whoWaitsIsNotForgottenWhenIdle() {
        var machine = machine()
        _ = machine.wait(1, for: part(0), viewer: "a", ahead: [], now: at(0))
        #expect(machine.advance(to: at(100)) == [])
        #expect(machine.made(part(0), now: at(101)) == [.answer(1, part(0))])
    }

    @Test func newsOfPartsThatNobodyWantsChangeNothing() {
        var machine = machine()
        #expect(machine.made(part(0), now: at(0)) == [])
        #expect(machine.appeared(part(0), now: at(0)) == [])
        #expect(machine.isHeld(part(0), for: .seconds(1), now: at(0)) == [])
        #expect(machine.failed(part(0), reason: "no", isRetryable: true, now: at(0)) == [])
        #expect(machine.leave(1, part: part(0), now: at(0)) == [])
        #expect(machine.nextDeadline == nil)
    }
}
