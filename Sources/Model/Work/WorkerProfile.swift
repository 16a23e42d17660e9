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
    /// What it runs on; `nil` when it does not say.
    package var machine: Machine?
    /// Reference seconds of work that one slot does in a second, by its own measurement; `nil` when not measured.
    package var speed: Double?
    /// Whether it measures that now, and takes no work until it has.
    package var isMeasuring = false

    /// The machine of a worker.
    package struct Machine: Sendable, Equatable, Codable {
        /// The operating system, such as `Linux 6.1.0`.
        package var operatingSystem: String
        /// Processors that it may use.
        package var processors: Int
        /// All memory.
        package var memory: ByteCount
        /// The graphics processors' names; empty without any.
        package var graphics: [String]
        /// Martlet's version.
        package var version: String
        /// The version of its ffmpeg.
        package var ffmpeg: String

        /// Makes it from its parts.
        package init(
            operatingSystem: String, processors: Int, memory: ByteCount, graphics: [String] = [], version: String,
            ffmpeg: String
        ) {
            self.operatingSystem = operatingSystem
            self.processors = processors
            self.memory = memory
            self.graphics = graphics
            self.version = version
            self.ffmpeg = ffmpeg
        }
    }

    /// Makes a profile from its parts.
    package init(
        id: WorkerID, slots: Int, memory: ByteCount, buildDigest: String, encoders: Set<String> = [],
        machine: Machine? = nil, speed: Double? = nil
    ) {
        self.id = id
        self.slots = slots
        self.memory = memory
        self.buildDigest = buildDigest
        self.encoders = encoders
        self.machine = machine
        self.speed = speed
    }
}

extension WorkerProfile {
    /// Reads a profile. A worker that does not know that one may join before it measures has measured.
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        id = try values.decode(WorkerID.self, forKey: .id)
        slots = try values.decode(Int.self, forKey: .slots)
        memory = try values.decode(ByteCount.self, forKey: .memory)
        buildDigest = try values.decode(String.self, forKey: .buildDigest)
        encoders = try values.decode(Set<String>.self, forKey: .encoders)
        machine = try values.decodeIfPresent(Machine.self, forKey: .machine)
        speed = try values.decodeIfPresent(Double.self, forKey: .speed)
        isMeasuring = try values.decodeIfPresent(Bool.self, forKey: .isMeasuring) ?? false
    }
}
