// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// When a job gives up the hardware that it was planned for, and goes on in software.
///
/// A segment by hardware and one by software do not fit together, so the whole picture is encoded anew. A flaky device
/// must not bring that about: a failed attempt goes to another worker first.
package struct HardwarePolicy: Equatable, Sendable {
    /// How many attempts of a job may fail on hardware one after the other, with no result in between, at least 1,
    /// default 3. A task that would fail for good ends it sooner.
    package var maximumFailures = 3
    /// How long a job waits for a worker with its hardware while other workers are there, default 30 s.
    package var patience: Duration = .seconds(30)

    /// Makes the default policy.
    package init() {}

    /// The code of a join whose segments were encoded differently.
    static let mixedSegments = "media.segments_differ"

    /// Failures that a device or its driver can be the reason of: not those of files, disks, memory of the machine,
    /// the network, or who ended the run from outside.
    private static let codes: Set<String> = [
        "ffmpeg.failed", "ffmpeg.crashed", "ffmpeg.stalled", "ffmpeg.out_of_memory", "ffmpeg.unsupported",
        "worker.unexpected_result", "scheduling.interrupted", mixedSegments,
    ]

    /// Whether hardware may be the reason of a failure with this code.
    package static func isToBlame(for code: String) -> Bool { codes.contains(code) }
}
