// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// What the encoded picture looks like: size, shape, turn, pixel format and fields.
///
/// A pure function of source, parameters, container and encoder; every segment
/// of a film has the same.
package struct PictureSettings: Sendable, Equatable {
    /// The width of the encoded picture, in pixels.
    package var width: Int
    /// The height of the encoded picture, in pixels.
    package var height: Int
    /// The shape of one pixel of the encoded picture; `0/1` when unknown.
    package var sampleAspectRatio: Rational
    /// FFmpeg's name of the pixel format that is encoded.
    package var pixelFormat: String
    /// Whether numbers use the full range.
    package var isFullRange: Bool
    /// Whether pictures are turned before encoding, because the container cannot say how to turn them.
    package var isTurned: Bool
    /// Columns cut off at the right and lines cut off at the bottom of the source's picture, 0 or 1 each (3 lines at most for fields).
    package var crop: (columns: Int, lines: Int)
    /// Whether the fields of interlaced frames are encoded as fields.
    package var keepsFields: Bool
    /// Whether fields are woven into whole frames.
    package var isDeinterlaced: Bool
    /// What the user should know, one sentence each.
    package var warnings: [String]

    package static func == (left: PictureSettings, right: PictureSettings) -> Bool {
        left.width == right.width && left.height == right.height && left.crop == right.crop
            && left.sampleAspectRatio == right.sampleAspectRatio && left.pixelFormat == right.pixelFormat
            && left.isFullRange == right.isFullRange && left.isTurned == right.isTurned
            && left.keepsFields == right.keepsFields && left.isDeinterlaced == right.isDeinterlaced
            && left.warnings == right.warnings
    }

    /// Whether the container keeps the display matrix; where not, pictures are turned.
    package static func keepsDisplayMatrix(_ container: ContainerFormat) -> Bool {
        container == .mp4 || container == .mov
    }

    /// Decides the picture of a film.
    ///
    /// - Throws: `PlanningError` with code `badValue` for sizes and pixel formats that cannot be.
    package init(
        source: VideoProperties, parameters: TranscodeParameters, profile: EncoderProfile
    ) throws(PlanningError) {
        var warnings: [String] = []
        let matrix = source.displayMatrix
        isTurned = matrix.map { $0.turns } ?? false && !Self.keepsDisplayMatrix(parameters.container)
        let format = try Self.pixelFormat(source: source, wanted: parameters.pixelFormat, profile, &warnings)
        pixelFormat = format
        let sourceFormat = source.pixelFormat ?? "yuv420p"
        isFullRange = source.color.range == "pc" || PixelLayout(sourceFormat)?.isFullRangeByName == true

        isDeinterlaced = parameters.deinterlace && source.fieldOrder != .progressive
        if parameters.deinterlace, !isDeinterlaced {
            warnings.append("The picture has no fields to weave; --deinterlace does nothing.")
        }
        keepsFields = source.fieldOrder.isInterlaced && !isDeinterlaced && profile.keepsFields
        if source.fieldOrder.isInterlaced, !isDeinterlaced, !profile.keepsFields {
            warnings.append(
                "The picture is interlaced and \(profile.name) encodes whole frames only; use --deinterlace, or moving edges show combs."
            )
        }

        // Sizes as they are stored; a turn that is applied exchanges them.
        let isSwapped = isTurned && matrix?.swapsSides == true
        let shownSwapped = matrix?.swapsSides == true
        var (width, height) = isSwapped ? (source.height, source.width) : (source.width, source.height)
        guard width > 0, height > 0 else {
            throw PlanningError(.badValue, "The size of the source's picture is unknown.")
        }
        let shift = PixelLayout(format)?.chromaShift ?? (across: 1, down: 1)
        let stepAcross = profile.needsEvenSizes && shift.across > 0 ? 2 : 1
        let stepDown = profile.needsEvenSizes && shift.down > 0 ? (keepsFields ? 4 : 2) : 1
        crop = (0, 0)
        if let resolution = parameters.resolution,
            let scaled = try Self.scaled(
                width: width, height: height, to: resolution, isSideways: shownSwapped && !isSwapped,
                allowUpscale: parameters.allowUpscale, steps: (max(2, stepAcross), max(2, stepDown)))
        {
            (width, height) = scaled
        } else {
            if let resolution = parameters.resolution, !parameters.allowUpscale,
                Self.enlarges(width, height, to: resolution, isSideways: shownSwapped && !isSwapped)
            {
                warnings.append(
                    "The picture is smaller than --resolution asks for and keeps its size; --allow-upscale enlarges it."
                )
            }
            crop = (width % stepAcross, height % stepDown)
            (width, height) = (width - crop.columns, height - crop.lines)
            guard width > 0, height > 0 else {
                throw PlanningError(.badValue, "The picture is too small for \(profile.name).")
            }
            if crop.columns + crop.lines > 0 {
                warnings.append(
                    "\(profile.name) cannot encode \(width + crop.columns)x\(height + crop.lines) in \(format); the picture is cut to \(width)x\(height)."
                )
            }
        }
        guard min(width, height) >= profile.smallestSide else {
            throw PlanningError(
                .badValue,
                "\(profile.name) cannot encode \(width)x\(height): each side needs \(profile.smallestSide) pixels.",
                advice: profile.codec == .av1
                    ? "Use --codec libaom-av1, or a larger picture." : "Use another codec, or a larger picture.")
        }
        self.width = width
        self.height = height
        let ratio = source.sampleAspectRatio
        sampleAspectRatio = ratio.isPositive ? (isSwapped ? Rational(ratio.den, ratio.num) : ratio) : Rational(0, 1)
        self.warnings = warnings
    }

    /// The size to scale to, aspect kept; `nil` when the picture stays as it is.
    private static func scaled(
        width: Int, height: Int, to resolution: Resolution, isSideways: Bool, allowUpscale: Bool,
        steps: (across: Int, down: Int)
    ) throws(PlanningError) -> (Int, Int)? {
        switch resolution {
        case .height(let lines):
            guard (16...16384).contains(lines) else {
                throw PlanningError(
                    .badValue, "A picture of \(lines) lines cannot be made.", advice: "Use 16 to 16384.")
            }
        case .box(let boxWidth, let boxHeight):
            guard (16...16384).contains(boxWidth), (16...16384).contains(boxHeight) else {
                throw PlanningError(
                    .badValue, "A picture of \(boxWidth)x\(boxHeight) cannot be made.", advice: "Use 16 to 16384.")
            }
        }
        let factor = Self.factor(width, height, to: resolution, isSideways: isSideways)
        if factor.numerator == factor.denominator { return nil }
        if factor.numerator > factor.denominator, !allowUpscale { return nil }
        func fitted(_ length: Int, _ step: Int) -> Int {
            let exact = Double(length) * Double(factor.numerator) / Double(factor.denominator)
            return max(step, Int((exact / Double(step)).rounded()) * step)
        }
        return (fitted(width, steps.across), fitted(height, steps.down))
    }

    /// By how much both sides are to be multiplied.
    private static func factor(
        _ width: Int, _ height: Int, to resolution: Resolution, isSideways: Bool
    ) -> (numerator: Int, denominator: Int) {
        // The user means the picture as it is shown; turned on its side, width and height change places.
        switch resolution {
        case .height(let lines): return (lines, isSideways ? width : height)
        case .box(let boxWidth, let boxHeight):
            let (across, down) = isSideways ? (boxHeight, boxWidth) : (boxWidth, boxHeight)
            return across * height <= down * width ? (across, width) : (down, height)
        }
    }

    private static func enlarges(_ width: Int, _ height: Int, to resolution: Resolution, isSideways: Bool) -> Bool {
        let factor = factor(width, height, to: resolution, isSideways: isSideways)
        return factor.numerator > factor.denominator
    }

    /// The pixel format: the user's, else the nearest to the source's.
    private static func pixelFormat(
        source: VideoProperties, wanted: String?, _ profile: EncoderProfile, _ warnings: inout [String]
    ) throws(PlanningError) -> String {
        if let wanted {
            guard profile.pixelFormats.contains(wanted) else {
                throw PlanningError(
                    .badValue, "\(profile.name) does not take the pixel format \"\(wanted)\".",
                    advice: "It takes: \(profile.pixelFormats.joined(separator: ", ")).")
            }
            return wanted
        }
        let original = source.pixelFormat ?? "yuv420p"
        guard let chosen = PixelLayout.nearest(to: original, in: profile.pixelFormats) else {
            throw PlanningError(.badValue, "\(profile.name) takes no pixel format for \(original).")
        }
        guard let before = PixelLayout(original), let after = PixelLayout(chosen) else { return chosen }
        if after.depth < before.depth {
            warnings.append("\(profile.name) encodes \(after.depth) bits here; the source has \(before.depth).")
        }
        let losesChroma =
            before.family != .gray && after.family != .rgb
            && (after.chromaShift.across > before.chromaShift.across
                || after.chromaShift.down > before.chromaShift.down)
        if losesChroma { warnings.append("\(profile.name) stores colour more coarsely (\(chosen) for \(original)).") }
        if before.hasAlpha, !after.hasAlpha, original != "pal8" {
            warnings.append("The transparency of the source (\(original)) is lost: \(chosen) has none.")
        }
        return chosen
    }
}

extension DisplayMatrix {
    /// Whether showing the picture needs a turn or a flip.
    var turns: Bool {
        guard values.count == 9 else { return false }
        return clockwiseDegrees != 0 || values[4] < 0
    }

    /// The filters that turn the picture as players would, in order.
    ///
    /// Source: `configure_input_video_filter` in fftools/ffmpeg_filter.c
    var filters: [String] {
        guard values.count == 9 else { return [] }
        switch clockwiseDegrees {
        case 90: return [values[3] > 0 ? "transpose=cclock_flip" : "transpose=clock"]
        case 180: return (values[0] < 0 ? ["hflip"] : []) + (values[4] < 0 ? ["vflip"] : [])
        case 270: return [values[3] < 0 ? "transpose=clock_flip" : "transpose=cclock"]
        default: return values[4] < 0 ? ["vflip"] : []
        }
    }
}
