// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel
internal import MartletPorts

/// What a process that works on media files may use.
package struct ChildLimits: Sendable, Equatable {
    /// Address space, default 4 GiB; it contains FFmpeg's libraries (about 300 MiB).
    package var addressSpace = ByteCount.mebibytes(4096)
    /// Processor time for a small file, default 10 min.
    package var processorTime: Duration = .seconds(600)
    /// What is added to that for each GiB of the file, default 100 min: about
    /// ten times what decoding it on one thread takes.
    package var processorTimePerGibibyte: Duration = .seconds(6000)
    /// How long it may neither read nor write, default 2 min.
    package var silence: Duration = .seconds(120)

    /// Makes the default limits.
    package init() {}

    /// The limits of a process that reads a file of this size.
    func process(reading size: ByteCount) -> ProcessLimits {
        let seconds =
            Double(processorTime.components.seconds)
            + Double(processorTimePerGibibyte.components.seconds) * Double(max(0, size.bytes)) / Double(1 << 30)
        return ProcessLimits(addressSpace: addressSpace, cpuSeconds: Int64(max(1, seconds.rounded(.up))))
    }
}
