// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel
internal import MartletPorts
internal import MartletWire

/// Places in lists of jobs as users have them.
extension JobQuery.Place {
    /// The place of a job.
    init(of job: JobView) { self.init(createdMilliseconds: job.createdMs, id: job.id) }

    /// Reads a cursor; `nil` when it is none.
    init?(cursor: String) {
        let parts = cursor.split(separator: ".", maxSplits: 1)
        guard parts.count == 2, let time = Int64(parts[0]) else { return nil }
        self.init(createdMilliseconds: time, id: JobID(String(parts[1])))
    }

    /// The place as a text for users.
    var cursor: String { "\(createdMilliseconds).\(id)" }
}
