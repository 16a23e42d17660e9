// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// A task that can be given out, as placement sees it.
package struct ReadyTask: Equatable, Sendable {
    /// The task's name.
    package var id: TaskID
    /// Expected effort.
    package var cost: Double
    /// Expected peak memory.
    package var memory: ByteCount
    /// FFmpeg's name of the encoder it needs.
    package var encoder: String
    /// The workers on which an attempt failed.
    package var failedOn: Set<WorkerID>
    /// Whether it waits in the order of the film, and not by its length.
    package var isInFilmOrder = false

    /// Makes a ready task from its parts.
    package init(id: TaskID, cost: Double, memory: ByteCount, encoder: String, failedOn: Set<WorkerID> = []) {
        self.id = id
        self.cost = cost
        self.memory = memory
        self.encoder = encoder
        self.failedOn = failedOn
    }

    /// Whether it is given out before `other`: what needs special hardware, then the longest, then by name; by name alone
    /// in the order of the film, where sound comes before picture.
    package func precedes(_ other: ReadyTask) -> Bool {
        let (needs, otherNeeds) = (HardwareEncoder.isOne(encoder), HardwareEncoder.isOne(other.encoder))
        if needs != otherNeeds { return needs }
        return isInFilmOrder || cost == other.cost ? id < other.id : cost > other.cost
    }
}
