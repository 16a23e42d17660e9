// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel

/// Jobs whose hardware is gone.
extension SchedulerMachine {
    /// Has jobs go on in software that waited too long for a worker with their hardware, while others are there.
    mutating func hardwareGivenUp(now: Moment) -> [SchedulingAction] {
        guard news.fleet || news.turns || news.tasks || !news.workers.isEmpty else { return [] }
        var actions: [SchedulingAction] = []
        for id in active where jobs[id]?.entry.mayFallBack == true {
            guard let encoder = jobs[id]?.awaitedHardware, isMissing(encoder, for: id) else {
                jobs[id]?.hardwareMissedSince = nil
                continue
            }
            let since = jobs[id]?.hardwareMissedSince ?? now
            jobs[id]?.hardwareMissedSince = since
            if now - since >= configuration.hardware.patience {
                actions += jobs[id]?.hardwareMissing(encoder) ?? []
            } else {
                deadlines.note(.hardware(id), since + configuration.hardware.patience)
            }
        }
        take(in: actions, now: now)
        return actions
    }

    /// Whether no worker with an encoder is there for a job, and others of its build are.
    private func isMissing(_ encoder: String, for job: JobID) -> Bool {
        let digest = jobs[job]?.entry.buildDigest
        var areOthersThere = false
        for worker in workers.values where worker.isServing {
            if worker.profile.isCapable(of: encoder, buildDigest: digest) { return false }
            if digest == nil || digest == worker.profile.buildDigest { areOthersThere = true }
        }
        return areOthersThere
    }
}
