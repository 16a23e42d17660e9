// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel

/// The size of a picture as people see it: turned upright, with square pixels.
struct ShownSize: Sendable, Equatable {
    /// Pixels across, at least 1.
    let width: Double
    /// Pixels down, at least 1.
    let height: Double

    /// Takes it from what the film says.
    init(_ video: VideoProperties) {
        let ratio = video.sampleAspectRatio.isPositive ? video.sampleAspectRatio.value : 1
        let (width, height) = (max(1, Double(video.width) * ratio), max(1, Double(video.height)))
        let isTurned = video.displayMatrix?.swapsSides == true
        self.width = isTurned ? height : width
        self.height = isTurned ? width : height
    }

    /// The largest size of its shape within a frame, even, at least 2; never larger than the picture.
    func fitted(width most: Int, height lines: Int) -> (width: Int, height: Int) {
        let scale = min(1, Double(most) / width, Double(lines) / height)
        func even(_ length: Double) -> Int { max(2, Int((length * scale / 2).rounded()) * 2) }
        return (even(width), even(height))
    }
}
