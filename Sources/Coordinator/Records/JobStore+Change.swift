// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPorts

extension JobStore {
    /// Keeps a job otherwise; when its record was changed meanwhile, once more from what it has become.
    ///
    /// - Returns: the job as it is kept now.
    /// - Throws: `CoordinatorError` `unknownJob`, and `outputBusy` when others change it all the time; what the store
    ///   throws.
    @discardableResult
    func change(_ id: JobID, _ change: @Sendable (inout JobRecord) -> Void) async throws -> JobRecord {
        for _ in 0..<10 {
            guard var record = try await job(id) else {
                throw CoordinatorError(.unknownJob, "there is no job \(id)")
            }
            change(&record)
            if let revision = try await update(record) {
                record.revision = revision
                return record
            }
        }
        throw Coordinator.busy(id)
    }
}
