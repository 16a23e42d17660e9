// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel

/// What options say about jobs of a cluster.
struct ClusterSettings: Sendable, Equatable {
    /// The state that jobs must be in to be listed.
    var state: JobState?
    /// How many jobs are listed.
    var limit = 20
    /// Whether all jobs are listed.
    var listsAll = false
    /// Where the job's end is told.
    var callbackURL: String?
    /// Where a stream begins, in seconds into the source.
    var startTime: Double?
    /// Whether a stream's segments come from several workers.
    var isMesh = false
    /// Whether a job is watched to its end.
    var watches = false
}
