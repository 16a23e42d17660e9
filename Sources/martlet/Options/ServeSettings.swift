// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// What options say about a coordinator.
struct ServeSettings: Sendable, Equatable {
    /// The address that it listens on.
    var host = "127.0.0.1"
    /// The port that it listens on; `0` for any that is free.
    var port = 8090
    /// Where jobs keep their state.
    var dataDirectory: String?
    /// The directories that users may read and write, as `NAME=PATH`.
    var roots: [NamedDirectory] = []
    /// How many workers a job waits for.
    var requiredWorkers = 1
    /// What an output is called that is named by its directory alone.
    var outputName: String?
    /// Whether frames are counted, unless a job says otherwise.
    var isExact = true
    /// How long its own worker measures itself when it begins, in seconds; `0` not at all.
    var benchmarkSeconds = 10.0
    /// The most bytes of one part of a transfer.
    var chunkSize = 1 << 20
    /// How often a failed task is tried again.
    var retries = 3
    /// The wait before that, in seconds.
    var retryDelay = 5.0
    /// After how many seconds of silence a worker is lost.
    var heartbeatTimeout = 30.0
    /// How many jobs are worked on at once.
    var concurrentJobs = 10
    /// The file of the certificate.
    var certificate: String?
    /// The file of its key.
    var key: String?
    /// The file of the authorities whose clients alone are let in.
    var clientAuthority: String?
    /// Whether it works itself, too.
    var works = false
    /// What callbacks are signed with.
    var callbackSecret: String?
}

/// A directory and what it is called.
struct NamedDirectory: Sendable, Equatable {
    /// Its name.
    var name: String
    /// Its path.
    var path: String
}
