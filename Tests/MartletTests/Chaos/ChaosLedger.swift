// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletWire

/// What the monkey asked of a cluster, and what it was promised: what must come of it follows.
struct ChaosLedger {
    /// One job.
    struct Entry {
        var order: ChaosOrder
        /// As the cluster named it; `nil` when its answer did not come.
        var id: JobID?
        /// Whether somebody tried to cancel it.
        var mayBeCancelled = false
        /// Whether that was promised, and nobody wanted it back since.
        var mustBeCancelled = false
        /// How urgent it may be now, as far as answers tell.
        var priorities: Set<String> = ["normal"]
        /// Whether an answer did not come: what was asked for then may happen at any time.
        var isUncertain = false
    }

    /// All jobs, by their outputs.
    private(set) var entries: [String: Entry] = [:]
    private var outputs: [String] = []

    /// Notes a job that is about to be submitted, and gives the name of its output.
    mutating func submits(_ order: ChaosOrder) -> String {
        let output = "out-\(outputs.count + 1).\(order.suffix)"
        entries[output] = Entry(order: order)
        outputs.append(output)
        return output
    }

    /// Changes what is known of a job.
    mutating func note(_ output: String, _ change: (inout Entry) -> Void) {
        guard var entry = entries[output] else { return }
        change(&entry)
        entries[output] = entry
    }

    /// The job that a deed means, if it has a name.
    func job(_ number: Int) -> (output: String, id: JobID)? {
        guard !outputs.isEmpty else { return nil }
        let output = outputs[number % outputs.count]
        return entries[output]?.id.map { (output, $0) }
    }

    /// What is wrong with how the jobs ended.
    func faults(in jobs: [JobView]) -> [String] {
        var faults: [String] = []
        let byID = Dictionary(jobs.map { ($0.id, $0) }) { first, _ in first }
        if byID.count != jobs.count { faults.append("a job is listed twice") }
        for (output, entry) in entries {
            if let id = entry.id, byID[id] == nil { faults.append("\(id) (\(output)) was promised, and is lost") }
        }
        for job in jobs {
            let output = String(job.output.drop { $0 != ":" }.dropFirst())
            guard let entry = entries[output] else {
                faults.append("nobody submitted \(job.id) (\(job.output))")
                continue
            }
            let name = "\(job.id) (\(output), \(entry.order))"
            switch job.state {
            case .completed:
                if entry.mustBeCancelled { faults.append("\(name) was cancelled, and is completed") }
            case .cancelled:
                if !entry.mayBeCancelled { faults.append("\(name) is cancelled, and nobody wanted that") }
            case .failed:
                if entry.mustBeCancelled { faults.append("\(name) was cancelled, and is failed") }
                if job.error.map({ $0.code.isEmpty || $0.message.isEmpty }) ?? true {
                    faults.append("\(name) failed without a reason")
                }
            case .queued, .waitingForWorkers, .benchmarking, .processing, .combining:
                faults.append("\(name) does not end: \(job.state), \(job.error.map { "\($0)" } ?? "no reason")")
            }
            if !entry.priorities.contains(job.priority) {
                faults.append("\(name) is \(job.priority), and should be \(entry.priorities)")
            }
        }
        return faults
    }
}
