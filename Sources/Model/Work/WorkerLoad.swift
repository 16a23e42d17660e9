// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// How busy a worker's machine is, as its heartbeats say.
package struct WorkerLoad: Sendable, Equatable, Codable {
    /// The share of all processors that is in use, 0 to 1.
    package var processors: Double
    /// Memory in use by everything on the machine.
    package var memory: ByteCount
    /// The hottest processor sensor, in degrees Celsius; `nil` where there is none.
    package var temperature: Double?
    /// Whether it takes new tasks now; not while its owner is using the machine.
    package var takesTasks: Bool

    /// Makes it from its parts.
    package init(processors: Double, memory: ByteCount, temperature: Double? = nil, takesTasks: Bool = true) {
        self.processors = processors
        self.memory = memory
        self.temperature = temperature
        self.takesTasks = takesTasks
    }
}
