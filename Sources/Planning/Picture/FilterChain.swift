// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel

/// The filters between decoder and encoder.
struct FilterChain: Sendable {
    /// The filters in order, without the commas between them; the last one gives the picture that is encoded.
    var filters: [String]
    /// Whether the encoder wants the picture in the memory of its device.
    let isUploaded: Bool

    /// The text that ffmpeg's `-vf` takes.
    var text: String { (filters + (isUploaded ? ["hwupload"] : [])).joined(separator: ",") }

    /// Makes the chain for one span.
    ///
    /// Frames are cut by their integer times in the stream's own clock, first
    /// of all, so that frames of the lead-in cost nothing more. A weave of
    /// fields looks one frame to each side: it gets those where they are
    /// decoded, and what is too much is cut off behind it.
    init(
        span: FrameSpan, picture: PictureSettings, source: VideoProperties, parameters: TranscodeParameters,
        timeBase: TimeBase, profile: EncoderProfile, tone: ToneMapping? = nil
    ) {
        let segment = span.segment
        isUploaded = profile.family == .vaapi
        filters = []
        if picture.isDeinterlaced {
            let end = segment.endTime == nil ? nil : span.timeAfterNext
            filters.append(Self.trim(from: span.timeBefore ?? segment.startTime, to: end))
            let parity = source.fieldOrder.isInterlaced ? (source.fieldOrder.isTopFirst ? "tff" : "bff") : "auto"
            filters.append("bwdif=mode=send_frame:parity=\(parity):deint=all")
            // The filter halves the clock's ticks; this restores them exactly.
            filters.append("settb=expr=\(timeBase.num)/\(timeBase.den)")
            filters.append(Self.trim(from: segment.startTime, to: span.gridFrames == nil ? segment.endTime : nil))
        } else {
            filters.append(Self.trim(from: segment.startTime, to: span.gridFrames == nil ? segment.endTime : nil))
        }
        if let rate = parameters.frameRate, let grid = span.gridFrames {
            // The last frame of the film is held until its end; ffmpeg's own
            // idea of the end is not that of the frame list.
            if segment.endTime == nil { filters.append("tpad=stop_mode=clone:stop=2") }
            filters.append("fps=fps=\(rate.num)/\(rate.den):round=near")
            if segment.endTime == nil { filters.append("tpad=stop_mode=clone:stop=-1") }
            filters.append(Self.trim(from: grid.lowerBound, to: grid.upperBound))
        }
        if picture.isTurned, let matrix = source.displayMatrix { filters += matrix.filters }
        if picture.crop != (0, 0) { filters.append("crop=\(picture.width):\(picture.height):0:0:exact=1") }
        if picture.keepsFields { filters.append("setfield=mode=\(source.fieldOrder.isTopFirst ? "tff" : "bff")") }
        filters += tone.map { Self.toned(picture, source, $0) } ?? [Self.scale(picture, source)]
        filters.append("format=pix_fmts=\(picture.pixelFormat)")
        let ratio = picture.sampleAspectRatio
        filters.append(ratio.isPositive ? "setsar=sar=\(ratio.num)/\(ratio.den):max=1000000" : "setsar=sar=0")
    }

    private static func trim(from start: Int64, to end: Int64?) -> String {
        "trim=start_pts=\(start)" + (end.map { ":end_pts=\($0)" } ?? "")
    }

    /// Exact arithmetic gives the same pixels on every processor.
    private static let exactly = "flags=bicubic+accurate_rnd+bitexact+full_chroma_int"

    /// The filters that scale the picture, and change its tones where there are fewer pixels to change.
    private static func toned(_ picture: PictureSettings, _ source: VideoProperties, _ tone: ToneMapping) -> [String] {
        let range = source.color.range == "pc" ? "full" : "tv"
        let size = "scale=w=\(picture.width):h=\(picture.height):\(exactly)"
        let colors =
            PixelLayout(source.pixelFormat ?? "yuv420p")?.family == .rgb
            ? "" : ":in_color_matrix=bt2020:in_range=\(range)"
        return [size + colors, "format=pix_fmts=\(ToneMapping.pixelFormat)"] + tone.filters
            + ["scale=\(exactly):out_color_matrix=bt709:out_range=tv"]
    }

    /// The scale filter: it does nothing to frames that have size and format
    /// already, and evens out streams that change size on the way.
    private static func scale(_ picture: PictureSettings, _ source: VideoProperties) -> String {
        var text = "scale=w=\(picture.width):h=\(picture.height):\(exactly)"
        if picture.keepsFields { text += ":interl=1" }
        let before = PixelLayout(source.pixelFormat ?? "yuv420p")
        let after = PixelLayout(picture.pixelFormat)
        if picture.isFullRange, before?.family == .yuv { text += ":in_range=full:out_range=full" }
        if before?.family == .rgb, after?.family == .yuv { text += ":out_color_matrix=bt709:out_range=tv" }
        return text
    }
}
