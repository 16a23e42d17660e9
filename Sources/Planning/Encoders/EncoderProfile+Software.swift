// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel

extension EncoderProfile {
    /// The encoders that run on the processor.
    ///
    /// Ranges and formats are those of FFmpeg 5.1 (`ffmpeg -h encoder=NAME`);
    /// grey is left out where players do not expect it, since 4:2:0 keeps it exactly.
    static let software: [EncoderProfile] = [
        EncoderProfile(
            name: "libx264", codec: .h264, family: .x264, defaultPreset: "medium", presets: x26xPresets,
            defaultCRF: 23, crfRange: 0...51, hasFractionalCRF: true,
            pixelFormats: ["yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le", "yuv444p10le"],
            keyInterval: 250, needsEvenSizes: true, keepsFields: true, memoryPerPixel: 170, costPerMegapixel: 0.026),
        EncoderProfile(
            name: "libx265", codec: .hevc, family: .x265, defaultPreset: "medium", presets: x26xPresets,
            defaultCRF: 28, crfRange: 0...51, hasFractionalCRF: true,
            pixelFormats: [
                "yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le", "yuv444p10le", "yuv420p12le",
                "yuv422p12le", "yuv444p12le",
            ],
            keyInterval: 250, needsEvenSizes: true, keepsFields: false, memoryPerPixel: 190, costPerMegapixel: 0.07),
        EncoderProfile(
            name: "libsvtav1", codec: .av1, family: .svtav1, defaultPreset: "8", presets: (0...13).map(String.init),
            defaultCRF: 35, crfRange: 1...63, hasFractionalCRF: false, pixelFormats: ["yuv420p", "yuv420p10le"],
            keyInterval: 250, needsEvenSizes: true, keepsFields: false, memoryPerPixel: 200, costPerMegapixel: 0.022),
        EncoderProfile(
            name: "libaom-av1", codec: .av1, family: .aom, defaultPreset: "6", presets: (0...8).map(String.init),
            defaultCRF: 32, crfRange: 0...63, hasFractionalCRF: false,
            pixelFormats: [
                "yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le", "yuv444p10le", "yuv420p12le",
                "yuv422p12le", "yuv444p12le",
            ],
            keyInterval: 250, needsEvenSizes: false, keepsFields: false, memoryPerPixel: 210, costPerMegapixel: 0.19),
        EncoderProfile(
            name: "libvpx-vp9", codec: .vp9, family: .vpx, defaultPreset: "2", presets: (0...8).map(String.init),
            defaultCRF: 32, crfRange: 0...63, hasFractionalCRF: false,
            pixelFormats: [
                "yuv420p", "yuv422p", "yuv440p", "yuv444p", "yuv420p10le", "yuv422p10le", "yuv440p10le",
                "yuv444p10le", "yuv420p12le", "yuv422p12le", "yuv440p12le", "yuv444p12le",
            ],
            keyInterval: 250, needsEvenSizes: false, keepsFields: false, memoryPerPixel: 150, costPerMegapixel: 0.22),
        EncoderProfile(
            name: "ffv1", codec: .ffv1, family: .ffv1, defaultPreset: nil, presets: [], defaultCRF: nil,
            crfRange: nil, hasFractionalCRF: false,
            pixelFormats: [
                "yuv420p", "yuv422p", "yuv444p", "yuv440p", "yuv411p", "yuv410p", "yuva420p", "yuva422p", "yuva444p",
                "yuv420p9le", "yuv422p9le", "yuv444p9le", "yuv420p10le", "yuv422p10le", "yuv444p10le", "yuv440p10le",
                "yuv420p12le", "yuv422p12le", "yuv444p12le", "yuv440p12le", "yuv420p14le", "yuv422p14le",
                "yuv444p14le", "yuv420p16le", "yuv422p16le", "yuv444p16le", "yuva420p9le", "yuva422p9le",
                "yuva444p9le", "yuva420p10le", "yuva422p10le", "yuva444p10le", "yuva420p16le", "yuva422p16le",
                "yuva444p16le", "gray", "ya8", "gray9le", "gray10le", "gray12le", "gray16le", "bgr0", "bgra",
                "gbrp9le", "gbrp10le", "gbrp12le", "gbrp14le", "gbrp16le", "gbrap10le", "gbrap12le", "gbrap16le",
                "rgb48le", "rgba64le",
            ],
            keyInterval: 1, needsEvenSizes: false, keepsFields: true, memoryPerPixel: 160, costPerMegapixel: 0.02),
    ]

    private static let x26xPresets = [
        "ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow", "placebo",
    ]
}
