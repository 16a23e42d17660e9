// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// How many encodes this machine runs side by side.
package enum LocalSlots {
    /// The number of slots, at least 1.
    ///
    /// Every encode uses one thread, so there is one a processor, as long as
    /// three quarters of the memory hold them all.
    ///
    /// - Parameters:
    ///   - requested: what the user asked for; 0 for automatic.
    ///   - processors: processors that this process may use.
    ///   - memory: all memory, or the control group's limit.
    ///   - memoryPerEncode: expected peak memory of one encode.
    package static func count(
        requested: Int = 0, processors: Int, memory: ByteCount, memoryPerEncode: ByteCount
    ) -> Int {
        if requested > 0 { return requested }
        let fitting = budget(of: memory).bytes / max(memoryPerEncode.bytes, 1)
        return max(1, min(processors, Int(clamping: fitting)))
    }

    /// The memory that encodes may use together: three quarters of all.
    package static func budget(of memory: ByteCount) -> ByteCount { ByteCount(memory.bytes / 4 * 3) }
}
