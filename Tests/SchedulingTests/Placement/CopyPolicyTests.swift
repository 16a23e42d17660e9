// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletScheduling
import MartletTestKit
import Testing

@Suite struct CopyPolicyTests {
    private func late(
        _ id: String, cost: Double = 10, remaining: Double, on workers: [String] = ["slow"], limit: Int = 2,
        budget: Double = .infinity, failedOn: [String] = [], encoder: String = "libx264"
    ) -> LateTask {
        LateTask(
            job: JobID("j"),
            task: ReadyTask(
                id: TaskID(id), cost: cost, memory: .mebibytes(1), encoder: encoder,
                failedOn: Set(failedOn.map { WorkerID($0) })),
            remaining: remaining, workers: workers.map { WorkerID($0) }, limit: limit, budget: budget)
    }

    private func worker(_ id: String, speed: Double = 1, encoders: Set<String> = []) -> WorkerOffer {
        WorkerOffer(profile: .sample(id, encoders: encoders), speed: speed)
    }

    private func copies(
        _ idle: [WorkerOffer], _ late: [LateTask], isKnown: Bool = true
    ) -> [String] {
        CopyPolicy().copies(
            idle: idle, late: late,
            speed: { id, _ in isKnown ? idle.first { $0.profile.id == id }?.speed : nil }
        ).map { "\($0.task)>\($0.worker)" }
    }

    @Test func latestTaskIsCopiedToTheFastestWorker() {
        let tasks = [late("a", remaining: 60), late("b", remaining: 50)]
        #expect(copies([worker("w1"), worker("w2", speed: 3)], tasks) == ["a>w2", "b>w1"])
    }

    @Test func gainMustBeWorthIt() {
        #expect(copies([worker("w")], [late("a", cost: 2, remaining: 4)]) == [])
        #expect(copies([worker("w")], [late("a", cost: 2, remaining: 4.1)]) == ["a>w"])
        // Half of its own time, where that is more.
        #expect(copies([worker("w")], [late("a", cost: 100, remaining: 149)]) == [])
        #expect(copies([worker("w")], [late("a", cost: 100, remaining: 151)]) == ["a>w"])
    }

    @Test func whatEndsBeforeTheLatestTaskOfItsJobIsLeftAlone() {
        let tasks = [late("a", cost: 50, remaining: 60), late("b", cost: 5, remaining: 50)]
        #expect(copies([worker("w")], tasks) == [])
        var other = tasks[1]
        other.job = JobID("k")
        #expect(copies([worker("w")], [tasks[0], other]) == ["b>w"])
        // Of those that this worker could do.
        let hardware = late("a", cost: 50, remaining: 60, encoder: "hevc_nvenc")
        #expect(copies([worker("w", encoders: ["libx264"])], [hardware, tasks[1]]) == ["b>w"])
    }

    @Test func onlySoManyAttemptsAtOnceAndNoTwoOnOneWorker() {
        #expect(copies([worker("w")], [late("a", remaining: 90, on: ["x", "y"])]) == [])
        #expect(copies([worker("w")], [late("a", remaining: 90, on: ["x", "y"], limit: 3)]) == ["a>w"])
        #expect(copies([worker("w")], [late("a", remaining: 90, on: ["x", "y", "z"], limit: 3)]) == [])
        #expect(copies([worker("w")], [late("a", remaining: 90, on: ["w"])]) == [])
        #expect(copies([worker("v"), worker("w")], [late("a", remaining: 90)]) == ["a>v"])
    }

    @Test func budgetHardwareAndFailuresAreRespected() {
        #expect(copies([worker("w")], [late("a", remaining: 90, budget: 9)]) == [])
        let both = [late("a", remaining: 90, budget: 15), late("b", remaining: 80, budget: 15)]
        #expect(copies([worker("v"), worker("w")], both) == ["a>v"])
        #expect(copies([worker("w", encoders: ["libx264"])], [late("a", remaining: 90, encoder: "hevc_nvenc")]) == [])
        #expect(copies([worker("w")], [late("a", remaining: 90, failedOn: ["w"])]) == [])
    }

    @Test func whatDoesNotMoveAtAllIsCopiedToAnyone() {
        #expect(copies([worker("w")], [late("a", remaining: .infinity)], isKnown: false) == ["a>w"])
        #expect(copies([worker("w")], [late("a", remaining: 500)], isKnown: false) == [])
    }

    @Test func orderOfWorkersDoesNotMatter() {
        let tasks = (0..<5).map { late("t\($0)", remaining: 90 - Double($0)) }
        let idle = [worker("a", speed: 2), worker("b"), worker("c", speed: 2)]
        #expect(copies(idle, tasks) == copies(idle.reversed(), tasks))
    }
}
