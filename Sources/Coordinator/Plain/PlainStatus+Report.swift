// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletScheduling
internal import MartletWire

extension PlainStatus {
    /// What it means; workers written by others have names of their own for an end.
    var report: StreamJobMachine.Report {
        switch state.lowercased() {
        case "completed", "complete", "done", "finished": .completed
        case "failed", "error", "cancelled": .failed(reason: error ?? "The worker says that the stream \(state).")
        default: .streaming(share: progress.map { $0 / 100 })
        }
    }
}
