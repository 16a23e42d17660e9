// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel
import MartletPlanning
import MartletScheduling

/// What a worker that does not know its tasks yet has room for.
///
/// Placement sees to it that what runs at once fits into the memory; the slots are as many as encodes of 1080p by the
/// encoder that most films are encoded with.
package struct WorkerRoom: Sendable, Equatable {
    /// How many tasks may run at once, at least 1.
    package var slots: Int
    /// The memory that they may use together.
    package var memory: ByteCount

    /// Finds it out.
    ///
    /// - Parameters:
    ///   - requested: slots that the user asked for; 0 for automatic.
    ///   - processors: processors that this process may use.
    ///   - memory: all memory, or the control group's limit.
    package init(requested: Int = 0, processors: Int, memory: ByteCount) {
        let usual = EncoderProfile.named("libx264")?.memory(width: 1920, height: 1080, bitDepth: 8)
        slots = LocalSlots.count(
            requested: requested, processors: processors, memory: memory, memoryPerEncode: usual ?? ByteCount(0))
        self.memory = LocalSlots.budget(of: memory)
    }
}
