// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CFFmpeg
internal import Glibc
internal import MartletModel

/// Puts everything on an output stream that is not a packet: codec
/// parameters, tags, roles, colours, HDR data and the turn of the picture.
struct StreamDressing {
    /// The container that is written.
    let container: ContainerFormat
    /// What the source is.
    let source: SourceDescription

    /// Takes over the parameters of an input stream.
    func copy(_ input: UnsafeMutablePointer<AVStream>, to output: UnsafeMutablePointer<AVStream>) throws {
        try checked(
            avcodec_parameters_copy(output.pointee.codecpar, input.pointee.codecpar), "copy codec parameters")
        let tag = output.pointee.codecpar.pointee.codec_tag
        let isData = output.pointee.codecpar.pointee.codec_type == AVMEDIA_TYPE_DATA
        // Tags of one container mean nothing in another; data streams have no other name.
        output.pointee.codecpar.pointee.codec_tag = isData ? tag : 0
        // Apple players refuse HEVC under its default name hev1.
        if isMP4Family, output.pointee.codecpar.pointee.codec_id == AV_CODEC_ID_HEVC {
            output.pointee.codecpar.pointee.codec_tag = fourCharacterCode("hvc1")
        }
        output.pointee.time_base = input.pointee.time_base
        output.pointee.sample_aspect_ratio = input.pointee.sample_aspect_ratio
        for type in [
            AV_PKT_DATA_MASTERING_DISPLAY_METADATA, AV_PKT_DATA_CONTENT_LIGHT_LEVEL, AV_PKT_DATA_DISPLAYMATRIX,
            AV_PKT_DATA_DOVI_CONF, AV_PKT_DATA_STEREO3D, AV_PKT_DATA_SPHERICAL, AV_PKT_DATA_CPB_PROPERTIES,
        ] {
            var size = 0
            guard let data = martlet_side_data(input, type, &size), !has(type, output) else { continue }
            try checked(martlet_add_side_data(output, type, data, size), "copy side data")
        }
    }

    /// Takes over what the plan says about the stream.
    func describe(_ planned: OutputStream, on output: UnsafeMutablePointer<AVStream>) {
        output.pointee.disposition = planned.disposition.rawValue
        var tags = planned.tags.filter { !isStale($0.key) }
        if container == .mov, let place = tags.firstIndex(where: { $0.key.lowercased() == "language" }),
            let code = LanguageCode(tags[place].value).quickTime
        {
            tags[place].value = code
        }
        set(tags, on: &output.pointee.metadata)
    }

    /// Adds what the encoder left out and the source knows: colours, HDR10
    /// data, frame rate and turn.
    ///
    /// ffmpeg 5.1 drops mastering display and light level with libx265 and
    /// libsvtav1, so they are taken from the source.
    ///
    /// - Parameter rate: the rate, when all frames are equally long; else `nil`:
    ///   Matroska would state it as every frame's length.
    func complete(
        _ output: UnsafeMutablePointer<AVStream>, as planned: OutputStream, rate: Rational?
    ) throws {
        if let rate {
            output.pointee.avg_frame_rate = AVRational(num: rate.num, den: rate.den)
            output.pointee.r_frame_rate = output.pointee.avg_frame_rate
        } else {
            output.pointee.avg_frame_rate = AVRational(num: 0, den: 1)
        }
        guard source.streams.indices.contains(planned.sourceIndex),
            let video = source.streams[planned.sourceIndex].video
        else { return }
        setColor(video.color, on: output.pointee.codecpar)
        // libavformat 59 writes no matrix into Matroska, so plans turn the
        // pictures themselves there, and nowhere else.
        if let matrix = video.displayMatrix, isMP4Family, matrix.values.count == 9 {
            try matrix.values.withUnsafeBytes { try add(AV_PKT_DATA_DISPLAYMATRIX, $0, to: output) }
        }
        if output.pointee.sample_aspect_ratio.num == 0 {
            output.pointee.sample_aspect_ratio = output.pointee.codecpar.pointee.sample_aspect_ratio
        }
        output.pointee.codecpar.pointee.sample_aspect_ratio = output.pointee.sample_aspect_ratio
        guard video.color.isHighDynamicRange else { return }
        if let display = video.masteringDisplay { try add(display, to: output) }
        if let light = video.contentLight { try add(light, to: output) }
    }

    /// Writes tags into a dictionary of libav.
    func set(_ tags: [Tag], on dictionary: inout OpaquePointer?) {
        for tag in tags { av_dict_set(&dictionary, tag.key, tag.value, 0) }
    }

    /// The source's tags that are still true of the joined file.
    var containerTags: [Tag] {
        let own = ["major_brand", "minor_version", "compatible_brands", "encoder"]
        return source.tags.filter { !own.contains($0.key.lowercased()) && !isStale($0.key) }
    }

    // Statistics of mkvmerge and the muxer's own notes: they speak of the old bytes.
    private func isStale(_ key: String) -> Bool {
        let upper = key.uppercased()
        if upper.hasPrefix("_STATISTICS_") || upper.hasPrefix("NUMBER_OF_") { return true }
        return ["BPS", "DURATION", "ENCODER"].contains(String(upper.prefix { $0 != "-" }))
    }

    private var isMP4Family: Bool { container == .mp4 || container == .mov }

    private func has(_ type: AVPacketSideDataType, _ stream: UnsafeMutablePointer<AVStream>) -> Bool {
        martlet_side_data(stream, type, nil) != nil
    }

    private func add(
        _ type: AVPacketSideDataType, _ bytes: UnsafeRawBufferPointer, to stream: UnsafeMutablePointer<AVStream>
    ) throws {
        guard !has(type, stream), let base = bytes.baseAddress else { return }
        let start = base.assumingMemoryBound(to: UInt8.self)
        try checked(martlet_add_side_data(stream, type, start, bytes.count), "add side data")
    }

    private func setColor(_ color: ColorDescription, on parameters: UnsafeMutablePointer<AVCodecParameters>) {
        func number(_ name: String?, _ lookup: (String) -> Int32) -> UInt32? {
            name.map(lookup).flatMap { $0 >= 0 ? UInt32($0) : nil }
        }
        if parameters.pointee.color_primaries == AVCOL_PRI_UNSPECIFIED,
            let value = number(color.primaries, { av_color_primaries_from_name($0) })
        {
            parameters.pointee.color_primaries = AVColorPrimaries(value)
        }
        if parameters.pointee.color_trc == AVCOL_TRC_UNSPECIFIED,
            let value = number(color.transfer, { av_color_transfer_from_name($0) })
        {
            parameters.pointee.color_trc = AVColorTransferCharacteristic(value)
        }
        if parameters.pointee.color_space == AVCOL_SPC_UNSPECIFIED,
            let value = number(color.matrix, { av_color_space_from_name($0) })
        {
            parameters.pointee.color_space = AVColorSpace(value)
        }
        if parameters.pointee.color_range == AVCOL_RANGE_UNSPECIFIED,
            let value = number(color.range, { av_color_range_from_name($0) })
        {
            parameters.pointee.color_range = AVColorRange(value)
        }
    }

    private func add(_ display: MasteringDisplay, to stream: UnsafeMutablePointer<AVStream>) throws {
        guard display.primaries.count == 6, display.whitePoint.count == 2 else { return }
        let numbers = display.primaries.map { AVRational(num: $0.num, den: $0.den) }
        let white = display.whitePoint.map { AVRational(num: $0.num, den: $0.den) }
        var value = AVMasteringDisplayMetadata()
        value.display_primaries = (
            (numbers[0], numbers[1]), (numbers[2], numbers[3]), (numbers[4], numbers[5])
        )
        value.white_point = (white[0], white[1])
        value.min_luminance = AVRational(num: display.minLuminance.num, den: display.minLuminance.den)
        value.max_luminance = AVRational(num: display.maxLuminance.num, den: display.maxLuminance.den)
        value.has_primaries = 1
        value.has_luminance = 1
        try withUnsafeBytes(of: value) { try add(AV_PKT_DATA_MASTERING_DISPLAY_METADATA, $0, to: stream) }
    }

    private func add(_ light: ContentLight, to stream: UnsafeMutablePointer<AVStream>) throws {
        var value = AVContentLightMetadata()
        value.MaxCLL = UInt32(clamping: light.maxContentLevel)
        value.MaxFALL = UInt32(clamping: light.maxFrameAverageLevel)
        try withUnsafeBytes(of: value) { try add(AV_PKT_DATA_CONTENT_LIGHT_LEVEL, $0, to: stream) }
    }
}

/// Four letters as libav writes them into a number, the first in the lowest byte.
func fourCharacterCode(_ letters: String) -> UInt32 {
    letters.utf8.prefix(4).reversed().reduce(0) { $0 << 8 | UInt32($1) }
}
