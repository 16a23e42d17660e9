// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// What options say about a worker.
struct WorkSettings: Sendable, Equatable {
    /// The coordinator's host, as an alternative to its URL.
    var serverAddress: String?
    /// The coordinator's port, likewise.
    var serverPort: Int?
    /// What the worker is called; the host's name when missing.
    var name: String?
    /// How long it measures itself when it begins, in seconds; `0` not at all.
    var benchmarkSeconds = 10.0
    /// The wait before it connects again, in seconds.
    var reconnectDelay = 3.0
    /// Whether it keeps coming back.
    var isPersistent = true
    /// How many tasks it runs at once; `0` by processors and memory.
    var slots = 0
    /// How long ffmpeg may make no progress, in seconds.
    var stallSeconds = 120.0
    /// The directories that it shares with the coordinator.
    var roots: [NamedDirectory] = []
    /// The port of its own streams.
    var httpPort = 8080
    /// Where it keeps what it works on.
    var temporaryDirectory: String?
    /// Above how many percent of the processors in use by others it takes no new work.
    var yieldAbove: Double?
}
