// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// What a worker says of itself when it joins.
package struct WorkerProfile: Sendable, Equatable, Codable {
    /// Its name.
    package var id: WorkerID
    /// How many tasks it runs at once.
    package var slots: Int
    /// Memory that all its tasks together may use.
    package var memory: ByteCount
    /// The digest of its ffmpeg build.
    package var buildDigest: String
    /// The encoders that passed a test encode; empty means "not restricted".
    package var encoders: Set<String>

    /// Makes a profile from its parts.
    package init(id: WorkerID, slots: Int, memory: ByteCount, buildDigest: String, encoders: Set<String> = []) {
        self.id = id
        self.slots = slots
        self.memory = memory
        self.buildDigest = buildDigest
        self.encoders = encoders
    }
}
