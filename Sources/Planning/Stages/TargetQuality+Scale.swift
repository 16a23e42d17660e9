// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel

extension TargetQuality {
    /// How far a score may be from the target: 0.5 of VMAF and 0.002 of SSIM,
    /// less where the target is so close to the best that this would mean much.
    var tolerance: Double {
        let usual = metric == .vmaf ? 0.5 : 0.002
        return min(usual, (metric.best - value) / 4)
    }
}

extension TargetQuality.Metric {
    /// The score of equal pictures.
    var best: Double { self == .vmaf ? 100 : 1 }

    /// FFmpeg's name of the filter that measures it.
    package var filter: String { self == .vmaf ? "libvmaf" : "ssim" }
}
