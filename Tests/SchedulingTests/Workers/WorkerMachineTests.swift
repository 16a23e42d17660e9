// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletScheduling
import MartletTestKit
import Testing

@Suite struct WorkerMachineTests {
    let configuration = SchedulingConfiguration()
    let broken = AttemptResult.failed(AttemptFailure(code: "c", message: "m", log: "", isRetryable: true))

    private func lease(_ epoch: Int) -> LeaseToken {
        LeaseToken(job: JobID("j"), task: TaskID("a"), epoch: Epoch(epoch), worker: WorkerID("w1"))
    }

    private func ended(
        _ worker: inout WorkerMachine, _ epoch: Int, _ result: AttemptResult, _ seconds: Double
    ) -> WorkerMachine.Action {
        worker.leaseEnded(lease(epoch), result: result, now: at(seconds), configuration: configuration)
    }

    @Test func worksAndIsIdleInTurnThenDrainsAndGoes() {
        var worker = WorkerMachine(.sample(slots: 2), now: at(0))
        #expect(worker.workerState == .connected)
        #expect(worker.ready() == .stateChanged(.idle))
        #expect(worker.ready() == .none)
        #expect(worker.leaseGranted(lease(1), memory: .mebibytes(10)) == .stateChanged(.processing))
        #expect(worker.leaseGranted(lease(2), memory: .mebibytes(20)) == .none)
        #expect(worker.offer.freeSlots == 0)
        #expect(worker.offer.usedMemory == .mebibytes(30))
        #expect(ended(&worker, 1, .interrupted, 1) == .none)
        #expect(ended(&worker, 2, .interrupted, 1) == .stateChanged(.idle))
        _ = worker.leaseGranted(lease(3), memory: .mebibytes(10))
        #expect(worker.drained() == .stateChanged(.draining))
        #expect(!worker.isServing)
        #expect(worker.drained() == .none)
        #expect(ended(&worker, 3, .interrupted, 2) == .none)
        #expect(worker.leases.isEmpty)
        #expect(worker.disconnected() == .stateChanged(.disconnected))
        #expect(worker.disconnected() == .none)
        #expect(worker.ready() == .none)
        #expect(worker.drained() == .none)
        #expect(worker.health(now: at(3)) == .offline)
    }

    private func measuring(_ isMeasuring: Bool = true, speed: Double? = nil) -> WorkerProfile {
        var profile = WorkerProfile.sample(slots: 2)
        (profile.isMeasuring, profile.speed) = (isMeasuring, speed)
        return profile
    }

    @Test func whoeverMeasuresItselfTakesNoWorkBeforeItIsDone() {
        var worker = WorkerMachine(measuring(), now: at(0))
        #expect(worker.ready() == .stateChanged(.benchmarking))
        #expect(!worker.isServing && worker.offer(isNeeded: true, now: at(0)).freeSlots == 0)
        #expect(worker.measured(speed: 2.5) == .stateChanged(.idle))
        #expect(worker.isServing && abs(worker.offer.speed - 2.5) < 0.001)
        // What attempts have shown since counts for more than a measurement that is told twice.
        #expect(worker.measured(speed: 9) == .none)
        #expect(abs(worker.offer.speed - 2.5) < 0.001)
    }

    @Test func aMeasurementThatEndsWhileTheConnectionIsBrokenCountsToo() {
        var worker = WorkerMachine(measuring(), now: at(0))
        _ = worker.ready()
        _ = worker.suspected(until: at(5))
        #expect(worker.returned(measuring(false, speed: 3), now: at(1)) == .stateChanged(.idle))
        #expect(abs(worker.offer.speed - 3) < 0.001)
        var failed = WorkerMachine(measuring(), now: at(0))
        _ = failed.ready()
        #expect(failed.measured(speed: nil) == .stateChanged(.idle))
        #expect(failed.offer.speed == 1)
    }

    @Test func drainingOutlastsTheMeasurement() {
        var worker = WorkerMachine(measuring(), now: at(0))
        _ = worker.ready()
        #expect(worker.drained() == .stateChanged(.draining))
        #expect(worker.undrained() == .stateChanged(.benchmarking))
        _ = worker.drained()
        #expect(worker.measured(speed: 2) == .none)
        #expect(worker.undrained() == .stateChanged(.idle))
        #expect(abs(worker.offer.speed - 2) < 0.001)
    }

    @Test func failuresInARowSetItAsideLongerAndLonger() {
        var worker = WorkerMachine(.sample(slots: 9), now: at(0))
        _ = worker.ready()
        for epoch in 1...2 {
            _ = worker.leaseGranted(lease(epoch), memory: .mebibytes(1))
            _ = ended(&worker, epoch, broken, 0)
            #expect(worker.health(now: at(0)) == .degraded)
        }
        for (epoch, seconds) in [(3, 60.0), (4, 120), (5, 240), (6, 480), (7, 900), (8, 900)] {
            _ = ended(&worker, epoch, broken, 0)
            #expect(worker.quarantinedUntil == at(seconds))
        }
        #expect(worker.isQuarantined(now: at(899)))
        #expect(worker.health(now: at(899)) == .unhealthy)
        #expect(worker.health(now: at(900)) == .degraded)
        _ = ended(&worker, 9, .completed(.sample(TaskID("a"))), 901)
        #expect(worker.health(now: at(901)) == .healthy)
    }

    @Test func failuresThatAreNotItsFaultDoNotCount() {
        var worker = WorkerMachine(.sample(), now: at(0))
        _ = worker.ready()
        for epoch in 1...5 {
            let bad = AttemptResult.failed(AttemptFailure(code: "c", message: "m", log: "", isRetryable: false))
            _ = ended(&worker, epoch, epoch.isMultiple(of: 2) ? bad : .interrupted, 0)
        }
        #expect(worker.health(now: at(0)) == .healthy)
    }
}
