// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// Properties of a picture stream.
package struct VideoProperties: Codable, Sendable, Equatable {
    /// The coded width, before rotation, in pixels.
    package var width: Int
    /// The coded height, before rotation, in pixels.
    package var height: Int
    /// The shape of one pixel; `0/1` when unknown (square by convention).
    package var sampleAspectRatio: Rational
    /// FFmpeg's name of the pixel format, such as `yuv420p10le`; `nil` when unknown.
    package var pixelFormat: String?
    /// Bits per component, 8 when unknown.
    package var bitDepth: Int
    /// The average frame rate; `0/0` or `0/1` when unknown.
    package var averageFrameRate: Rational
    /// The lowest rate that can show all timestamps exactly (FFmpeg's `r_frame_rate`).
    package var realFrameRate: Rational
    /// How the numbers are to be read as colours.
    package var color: ColorDescription
    /// The order of fields.
    package var fieldOrder: FieldOrder
    /// How players turn the picture; `nil` for "as coded".
    package var displayMatrix: DisplayMatrix?
    /// The mastering display of an HDR10 stream (SMPTE ST 2086); `nil` when absent.
    package var masteringDisplay: MasteringDisplay?
    /// The light levels of an HDR10 stream (CTA-861.3); `nil` when absent.
    package var contentLight: ContentLight?
    /// Dolby Vision configuration; `nil` when absent.
    package var dolbyVision: DolbyVision?
    /// Whether the stream carries HDR10+ (SMPTE ST 2094-40) metadata in its first frames.
    package var hasHDR10Plus: Bool

    /// Makes properties from their parts.
    package init(
        width: Int, height: Int, sampleAspectRatio: Rational = Rational(0, 1), pixelFormat: String? = nil,
        bitDepth: Int = 8, averageFrameRate: Rational = Rational(0, 1), realFrameRate: Rational = Rational(0, 1),
        color: ColorDescription = ColorDescription(), fieldOrder: FieldOrder = .unknown,
        displayMatrix: DisplayMatrix? = nil, masteringDisplay: MasteringDisplay? = nil,
        contentLight: ContentLight? = nil, dolbyVision: DolbyVision? = nil, hasHDR10Plus: Bool = false
    ) {
        self.width = width
        self.height = height
        self.sampleAspectRatio = sampleAspectRatio
        self.pixelFormat = pixelFormat
        self.bitDepth = bitDepth
        self.averageFrameRate = averageFrameRate
        self.realFrameRate = realFrameRate
        self.color = color
        self.fieldOrder = fieldOrder
        self.displayMatrix = displayMatrix
        self.masteringDisplay = masteringDisplay
        self.contentLight = contentLight
        self.dolbyVision = dolbyVision
        self.hasHDR10Plus = hasHDR10Plus
    }
}

/// FFmpeg's names of the colour tags; `nil` where the stream says nothing.
///
/// Source: <https://ffmpeg.org/doxygen/trunk/pixfmt_8h.html>
package struct ColorDescription: Codable, Sendable, Hashable {
    /// Such as `bt709` or `bt2020`.
    package var primaries: String?
    /// Such as `bt709`, `smpte2084` (PQ) or `arib-std-b67` (HLG).
    package var transfer: String?
    /// Such as `bt709` or `bt2020nc`.
    package var matrix: String?
    /// `tv` (limited) or `pc` (full).
    package var range: String?
    /// Where chroma samples sit, such as `left` or `topleft`.
    package var chromaLocation: String?

    /// Makes a description from its parts.
    package init(
        primaries: String? = nil, transfer: String? = nil, matrix: String? = nil, range: String? = nil,
        chromaLocation: String? = nil
    ) {
        self.primaries = primaries
        self.transfer = transfer
        self.matrix = matrix
        self.range = range
        self.chromaLocation = chromaLocation
    }

    /// Whether the transfer function is one of high dynamic range (PQ or HLG).
    package var isHighDynamicRange: Bool { transfer == "smpte2084" || transfer == "arib-std-b67" }
}

/// The order of the fields of a frame, with FFmpeg's words for them.
package enum FieldOrder: String, Codable, Sendable {
    case unknown, progressive
    /// Top coded first, top displayed first.
    case tt
    /// Bottom coded first, bottom displayed first.
    case bb
    /// Top coded first, bottom displayed first.
    case tb
    /// Bottom coded first, top displayed first.
    case bt

    /// Whether frames hold two fields of different times.
    package var isInterlaced: Bool { self != .unknown && self != .progressive }
    /// Whether the top field is displayed first; meaningful for interlaced orders only.
    package var isTopFirst: Bool { self == .tt || self == .bt }
}

/// The 3x3 matrix that turns the coded picture into the shown one, in FFmpeg's
/// layout: 16.16 fixed point, the third column 2.30.
///
/// Source: <https://ffmpeg.org/doxygen/trunk/group__lavu__video__display.html>
package struct DisplayMatrix: Codable, Sendable, Hashable {
    /// The nine numbers, row by row.
    package var values: [Int32]

    /// Makes a matrix from nine numbers.
    package init(values: [Int32]) { self.values = values }

    /// The clockwise turn in degrees that shows the picture upright, one of
    /// 0, 90, 180 and 270, rounded to the nearest.
    package var clockwiseDegrees: Int {
        guard values.count == 9 else { return 0 }
        let (a, b) = (Double(values[0]), Double(values[1]))
        if abs(b) > abs(a) { return b > 0 ? 90 : 270 }
        return a >= 0 ? 0 : 180
    }

    /// Whether width and height change places when the picture is shown.
    package var swapsSides: Bool { clockwiseDegrees % 180 == 90 }
}

/// The display that a film was graded on (SMPTE ST 2086), as exact fractions.
package struct MasteringDisplay: Codable, Sendable, Hashable {
    /// The chromaticity of red, green and blue, x then y each: six values, CIE 1931.
    package var primaries: [Rational]
    /// The chromaticity of white, x then y.
    package var whitePoint: [Rational]
    /// The lowest luminance, in cd/m2.
    package var minLuminance: Rational
    /// The highest luminance, in cd/m2.
    package var maxLuminance: Rational

    /// Makes a description from its parts.
    package init(primaries: [Rational], whitePoint: [Rational], minLuminance: Rational, maxLuminance: Rational) {
        self.primaries = primaries
        self.whitePoint = whitePoint
        self.minLuminance = minLuminance
        self.maxLuminance = maxLuminance
    }
}

/// The light levels of HDR content (CTA-861.3), in cd/m2.
package struct ContentLight: Codable, Sendable, Hashable {
    /// The brightest pixel of the film (MaxCLL).
    package var maxContentLevel: Int
    /// The brightest frame average of the film (MaxFALL).
    package var maxFrameAverageLevel: Int

    /// Makes levels from their parts.
    package init(maxContentLevel: Int, maxFrameAverageLevel: Int) {
        self.maxContentLevel = maxContentLevel
        self.maxFrameAverageLevel = maxFrameAverageLevel
    }
}

/// The Dolby Vision configuration of a stream.
package struct DolbyVision: Codable, Sendable, Hashable {
    /// The profile, such as 5 or 8.
    package var profile: Int
    /// The level.
    package var level: Int
    /// The base layer's compatibility: 0 none, 1 HDR10, 2 SDR, 4 HLG.
    package var compatibility: Int

    /// Whether the picture without its metadata has wrong colours: it is in a colour space of Dolby's own.
    ///
    /// Compatibility 0 alone does not say it: older files have none written, and these profiles have a usual picture
    /// below.
    ///
    /// Source: Dolby Vision Profiles and Levels, version 1.3.3, table 2
    package var hasOwnColors: Bool { compatibility == 0 && ![2, 4, 6, 7, 8, 9].contains(profile) }

    /// Makes a configuration from its parts.
    package init(profile: Int, level: Int, compatibility: Int) {
        self.profile = profile
        self.level = level
        self.compatibility = compatibility
    }
}
