// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// Measures how busy the machine is.
package protocol LoadMeter: Sendable {
    /// How busy it has been since the last call, or since the meter was made. A few milliseconds.
    func measure() -> MachineLoad
}

/// How busy a machine is.
package struct MachineLoad: Sendable, Equatable {
    /// The share of all processors that was in use, 0 to 1.
    package var processors: Double
    /// The part of that share that neither this process nor its children used.
    package var others: Double
    /// Memory in use by everything on the machine.
    package var memory: ByteCount
    /// The hottest processor sensor, in degrees Celsius; `nil` where there is none.
    package var temperature: Double?

    /// Makes it from its parts.
    package init(processors: Double, others: Double, memory: ByteCount, temperature: Double? = nil) {
        self.processors = processors
        self.others = others
        self.memory = memory
        self.temperature = temperature
    }
}
