// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletScheduling
import Testing

@Suite struct SchedulerPropertyTests {
    /// Whatever happens in whatever order, `SchedulerWorld` sees nothing that
    /// must not be; and once nothing goes wrong any more, every job ends.
    @Test(arguments: 0..<200 as Range<UInt64>) func holdsWhateverHappens(seed: UInt64) {
        var world = SchedulerWorld(seed: seed)
        for _ in 0..<200 { world.step() }
        world.calmDown()
    }

    @Test func chanceReachesEverythingThatMatters() {
        var states: Set<JobState> = []
        var taskStates: Set<TaskState> = []
        var (accepted, refusals, crashes, adoptions, copies, hints) = (0, 0, 0, 0, 0, 0)
        for seed in 0..<20 as Range<UInt64> {
            var world = SchedulerWorld(seed: seed)
            for _ in 0..<400 {
                world.step()
                for job in world.jobs.values {
                    states.insert(job.state)
                    taskStates.formUnion(job.tasks.values.map(\.state))
                }
            }
            accepted += world.accepted.count
            refusals += world.refusals
            crashes += world.crashes
            adoptions += world.adoptions
            copies += world.copies
            hints += world.hints
        }
        // No worker is measured yet.
        #expect(states == Set(JobState.allCases).subtracting([.benchmarking]))
        #expect(taskStates == Set(TaskState.allCases))
        #expect(accepted > 200)
        #expect(refusals > 200)
        #expect(crashes > 20)
        #expect(adoptions > 20)
        #expect(copies > 20)
        #expect(hints > 5)
    }
}
