// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// A worker, as it is made known to a `Coordinator`.
public struct WorkerInfo: Sendable, Hashable, Identifiable {
    /// Its name; no two workers have the same.
    public var id: String
    /// Where it is reached, as `host:port`; `nil` for a worker in this process.
    public var address: String?
    /// What it can do.
    public var capabilities: WorkerCapabilities

    /// Makes a worker's description.
    public init(id: String, address: String? = nil, capabilities: WorkerCapabilities = .init()) {
        self.id = id
        self.address = address
        self.capabilities = capabilities
    }
}

/// What a worker can do.
public struct WorkerCapabilities: Sendable, Hashable {
    /// How many encodes it runs at once; 0 for one a processor, as far as the memory holds them.
    public var slots: Int
    /// FFmpeg's names of the encoders that it may use; empty for all that its ffmpeg has.
    public var encoders: Set<String>

    /// Makes a description; by default one encode a processor, with any encoder.
    public init(slots: Int = 0, encoders: Set<String> = []) {
        self.slots = slots
        self.encoders = encoders
    }
}
