// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletScheduling
import MartletTestKit
import Testing

@Suite struct PlacementPolicyTests {
    private func task(
        _ id: String, cost: Double = 1, memory: Int64 = 100, encoder: String = "libx264", failedOn: [String] = []
    ) -> ReadyTask {
        ReadyTask(
            id: TaskID(id), cost: cost, memory: .mebibytes(memory), encoder: encoder,
            failedOn: Set(failedOn.map { WorkerID($0) }))
    }

    private func job(
        _ id: String, _ ready: [ReadyTask], priority: Priority = .normal, build: String? = nil
    ) -> JobOffer {
        JobOffer(id: JobID(id), priority: priority, buildDigest: build, ready: ReadyQueue(ready))
    }

    private func worker(
        _ id: String, slots: Int = 1, running: Int = 0, memory: Int64 = 1000, used: Int64 = 0, build: String = "b",
        encoders: Set<String> = [], speed: Double = 1
    ) -> WorkerOffer {
        WorkerOffer(
            profile: .sample(id, slots: slots, memoryMebibytes: memory, buildDigest: build, encoders: encoders),
            running: running, usedMemory: .mebibytes(used), speed: speed)
    }

    /// The decisions, where all workers are those of the list.
    private func place(_ jobs: [JobOffer], _ workers: [WorkerOffer], share: inout FairShare) -> [Placement] {
        var jobs = jobs
        return PlacementPolicy.place(jobs: &jobs, idle: workers, share: &share) { task, digest in
            !workers.contains {
                !task.failedOn.contains($0.profile.id) && $0.isCapable(of: task, buildDigest: digest)
            }
        }
    }

    /// The decisions as text, `job/task>worker`.
    private func place(_ jobs: [JobOffer], _ workers: [WorkerOffer]) -> [String] {
        var share = FairShare()
        return place(jobs, workers, share: &share).map { "\($0.job)/\($0.task)>\($0.worker)" }
    }

    /// The priorities of the jobs that get a single slot, in order, when none of them ever runs out of tasks.
    private func served(_ costs: [(Priority, Double)], rounds: Int) -> [Priority] {
        var share = FairShare()
        return (0..<rounds).flatMap { _ in
            let jobs = costs.map { job("\($0)", [task("t", cost: $1)], priority: $0) }
            return place(jobs, [worker("w")], share: &share).compactMap { placement in
                costs.first { "\($0.0)" == placement.job.text }?.0
            }
        }
    }

    @Test func urgentJobsComeFirst() {
        let jobs = [
            job("low", [task("a")], priority: .low), job("normal", [task("a")]),
            job("critical", [task("a")], priority: .critical),
            job("high", [task("a")], priority: .high),
        ]
        #expect(
            place(jobs, [worker("w", slots: 3)]) == ["critical/a>w", "high/a>w", "normal/a>w"])
    }

    @Test func ofEqualJobsTheFirstIsServedFirst() {
        let jobs = [
            job("first", [task("a"), task("b"), task("huge", memory: 5000)]), job("second", [task("a"), task("b")]),
            job("third", [task("a")]),
        ]
        #expect(
            place(jobs, [worker("w", slots: 4)]) == ["first/a>w", "first/b>w", "second/a>w", "second/b>w"])
    }

    @Test func watchedJobGoesInTheOrderOfTheFilmAndTakesNothingFromOthers() {
        let names = ["video-0", "video-1", "video-2", "audio-1"]
        let tasks = zip(names, [1.0, 9, 2, 3]).map { task($0, cost: $1) }
        var jobs = [
            job("urgent", [task("a")], priority: .high), job("earlier", [task("a")]), job("watched", tasks),
            job("later", [task("a", cost: 50)]),
        ]
        let before = place(jobs, [worker("w", slots: 7)])
        jobs[2].ready.followFilm()
        let after = place(jobs, [worker("w", slots: 7)])
        #expect(Array(before[2..<6]) == ["video-1", "audio-1", "video-2", "video-0"].map { "watched/\($0)>w" })
        #expect(Array(after[2..<6]) == ["audio-1", "video-0", "video-1", "video-2"].map { "watched/\($0)>w" })
        // Which job has which turn is the same.
        #expect(before.map { $0.prefix { $0 != "/" } } == after.map { $0.prefix { $0 != "/" } })
    }

    @Test func filmOrderIsKeptByTasksThatComeBackAndByThoseThatComeLater() {
        var queue = ReadyQueue([task("video-0", cost: 1), task("video-1", cost: 9, failedOn: ["x"])])
        queue.followFilm()
        queue.insert(task("video-3", cost: 20))
        queue.insert(task("video-2", cost: 2, failedOn: ["x"]))
        #expect(queue.tasks.map(\.id.text) == ["video-0", "video-1", "video-2", "video-3"])
        queue.remove(TaskID("video-0"))
        queue.insert(task("video-0", cost: 1))
        #expect(queue.tasks.first?.id.text == "video-0")
    }

    @Test func waitingLowWorkGetsATenthOfTheEffort() {
        let served = served([(.low, 1), (.high, 1)], rounds: 1000)
        #expect((95...105).contains(served.count { $0 == .low }))
        #expect(served.prefix(9).allSatisfy { $0 == .high })
        // Large tasks come as seldom as their effort demands.
        let large = self.served([(.low, 10), (.high, 1)], rounds: 1000)
        #expect((10...12).contains(large.count { $0 == .low }))
        let small = self.served([(.low, 1), (.high, 10)], rounds: 1000)
        #expect(small.count { $0 == .low } >= 100)
    }

    @Test func theTenthGoesToTheLowerJobThatCameFirst() {
        let served = served([(.low, 1), (.normal, 1), (.critical, 1)], rounds: 100)
        #expect(served.count { $0 == .low } >= 9)
        #expect(!served.contains(.normal))
    }

    @Test func nothingIsOwedToWorkThatDidNotWait() {
        var share = FairShare()
        let high = job("high", [task("t")], priority: .high)
        for _ in 0..<100 { _ = place([high], [worker("w")], share: &share) }
        #expect(share == FairShare())
        let low = job("low", [task("t")], priority: .low)
        #expect(
            place([low, high], [worker("w")], share: &share).map(\.job) == [high.id])
    }

    @Test func lowWorkThatFitsNowhereIsOwedOneTaskAtMost() {
        var share = FairShare()
        let jobs = [
            job("low", [task("t")], priority: .low, build: "elsewhere"), job("high", [task("t")], priority: .high),
        ]
        for _ in 0..<100 {
            let placed = place(jobs, [worker("w")], share: &share)
            #expect(placed.map(\.job) == [JobID("high")])
        }
        #expect(share.owed <= 1)
    }

    @Test func workGoesToTheWorkerWithMostFreeSlots() {
        let ready = (1...5).map { task("t\($0)") }
        #expect(
            place([job("j", ready)], [worker("b", slots: 2), worker("a", slots: 3, running: 1), worker("c")])
                == ["j/t1>a", "j/t2>b", "j/t3>a", "j/t4>b", "j/t5>c"])
    }

    @Test func memoryIsRespectedUnlessTheWorkerIsEmpty() {
        let ready = [
            task("huge", cost: 3, memory: 5000), task("half", cost: 2, memory: 500), task("large", memory: 600),
        ]
        #expect(place([job("j", ready)], [worker("w", slots: 4)]) == ["j/huge>w"])
        #expect(
            place([job("j", ready)], [worker("w", slots: 4, running: 1, memory: 1000, used: 100)]) == ["j/half>w"])
        #expect(
            place([job("j", ready)], [worker("w", slots: 4, memory: 8000)]) == ["j/huge>w", "j/half>w", "j/large>w"])
    }

    @Test func buildAndEncoderMustFit() {
        let jobs = [job("pinned", [task("a"), task("b", encoder: "libsvtav1")], build: "new")]
        #expect(place(jobs, [worker("w", slots: 2, build: "old")]) == [])
        #expect(place(jobs, [worker("w", slots: 2, build: "new", encoders: ["libx264"])]) == ["pinned/a>w"])
        #expect(place(jobs, [worker("w", slots: 2, build: "new")]) == ["pinned/a>w", "pinned/b>w"])
    }

    @Test func taskGoesToAWorkerItDidNotFailOnWhileThereIsOne() {
        let jobs = [job("j", [task("a", failedOn: ["w1"])])]
        #expect(place(jobs, [worker("w1", slots: 5), worker("w2")]) == ["j/a>w2"])
        #expect(place(jobs, [worker("w1", slots: 5), worker("w2", running: 1)]) == [])
        #expect(place(jobs, [worker("w1", slots: 5)]) == ["j/a>w1"])
        #expect(place(jobs, [worker("w1"), worker("w2", running: 1, encoders: ["libx265"])]) == ["j/a>w1"])
    }

    @Test func fastestWorkerIsServedFirstAndGetsTheLongestTask() {
        let ready = [task("short", cost: 1), task("long", cost: 9), task("middle", cost: 5)]
        #expect(
            place([job("j", ready)], [worker("slow", slots: 9, speed: 0.5), worker("fast", speed: 2)])
                == ["j/long>fast", "j/middle>slow", "j/short>slow"])
    }

    @Test func workerWithTheHardwareTakesWhatNeedsItFirst() {
        let ready = [task("any", cost: 20), task("special", cost: 10, encoder: "hevc_nvenc")]
        let plain = worker("plain", encoders: ["libx264"])
        let graphics = worker("graphics", encoders: ["libx264", "hevc_nvenc"], speed: 0.5)
        #expect(place([job("j", ready)], [graphics]) == ["j/special>graphics"])
        #expect(place([job("j", ready)], [graphics, plain]) == ["j/any>plain", "j/special>graphics"])
        // A more urgent job comes first all the same.
        #expect(
            place([job("j", ready), job("urgent", [task("u")], priority: .critical)], [graphics])
                == ["urgent/u>graphics"])
    }

    @Test func orderOfWorkersDoesNotMatter() {
        let jobs = [job("j", (0..<9).map { task("t\($0)") })]
        let workers = [worker("c", slots: 2), worker("a", slots: 2), worker("b", slots: 3)]
        #expect(place(jobs, workers) == place(jobs, workers.reversed()))
    }

    @Test func nothingHappensWithoutTasksOrSlots() {
        #expect(place([], [worker("w")]) == [])
        #expect(place([job("j", [])], [worker("w")]) == [])
        #expect(place([job("j", [task("a")])], []) == [])
        #expect(place([job("j", [task("a")])], [worker("w", running: 1)]) == [])
    }
}
