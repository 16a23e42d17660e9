// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel

/// The pixel format in which two films are compared: the source's, or the
/// nearest one that the measuring filters take.
///
/// Source: `pix_fmts` in <https://github.com/FFmpeg/FFmpeg/blob/n5.1/libavfilter/vf_ssim.c>
struct ComparisonFormat: Equatable {
    /// FFmpeg's name.
    let name: String
    /// Whether a picture of the source is the same in it, sample by sample.
    let isExact: Bool

    /// Chooses the format for pictures of a source.
    init(_ video: VideoProperties) {
        let source = video.pixelFormat ?? "yuv420p"
        if let planar = Self.planarEquals[source] {
            (name, isExact) = (planar, true)
        } else if source.hasPrefix("yuva") {
            (name, isExact) = ("yuv" + source.dropFirst(4), false)
        } else if source.hasPrefix("gbrap") {
            (name, isExact) = ("gbrp" + source.dropFirst(5), false)
        } else if ["rgba", "bgra", "argb", "abgr", "pal8"].contains(source) {
            (name, isExact) = ("gbrp", false)
        } else if Self.isMeasured(source) {
            // Decoders mark full range by these names; the plain one would squeeze the range.
            let isFullRange = video.color.range == "pc" && ["yuv420p", "yuv422p", "yuv444p"].contains(source)
            (name, isExact) = (isFullRange ? source.replacing("yuv", with: "yuvj") : source, true)
        } else {
            (name, isExact) = (video.bitDepth > 8 ? "yuv444p16le" : "yuv444p", false)
        }
    }

    /// Packed and half-planar formats, and the planar ones with the same samples.
    private static let planarEquals = [
        "nv12": "yuv420p", "nv21": "yuv420p", "nv16": "yuv422p", "nv24": "yuv444p", "p010le": "yuv420p10le",
        "p016le": "yuv420p16le", "uyvy422": "yuv422p", "yuyv422": "yuv422p", "rgb24": "gbrp", "bgr24": "gbrp",
        "rgb0": "gbrp", "bgr0": "gbrp", "0rgb": "gbrp", "0bgr": "gbrp",
    ]

    private static func isMeasured(_ format: String) -> Bool {
        let layouts = ["yuv420p", "yuv422p", "yuv444p", "yuvj420p", "yuvj422p", "yuvj444p", "gbrp", "gray"]
        let depths = ["", "9le", "10le", "12le", "14le", "16le"]
        return layouts.contains { layout in depths.contains { format == layout + $0 } }
            || ["yuv440p", "yuv411p", "yuv410p", "yuvj440p", "yuvj411p"].contains(format)
    }
}
