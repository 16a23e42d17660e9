// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletPorts
internal import Synchronization

/// Remembers the number of frames in the latest report of a run.
final class FrameCounter: Sendable {
    private let count = Atomic(0)

    /// Makes a counter at zero.
    init() {}

    /// The number; the run's whole number after its end.
    var frames: Int { count.load(ordering: .relaxed) }

    /// Takes a report.
    func note(_ progress: RunProgress) {
        if let frames = progress.frames { count.store(frames, ordering: .relaxed) }
    }
}
