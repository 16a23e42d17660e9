// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CFFmpeg
internal import MartletModel
internal import MartletPorts

/// A muxer of one track that writes into memory, and gives away what it wrote piece by piece.
final class MemoryMuxer {
    private let context: UnsafeMutablePointer<AVFormatContext>
    private let container: SegmentContainer
    private var isBegun = false

    /// Prepares a muxer and writes its head.
    init(source: UnsafeMutablePointer<AVStream>, container: SegmentContainer, timeBase: TimeBase) throws {
        _ = libavIsQuiet
        self.container = container
        var context: UnsafeMutablePointer<AVFormatContext>?
        let name = container == .mp4 ? "mp4" : "mpegts"
        try checked(avformat_alloc_output_context2(&context, nil, name, nil), "make the muxer")
        guard let context else { throw AVFailure(code: martlet_averror(ENOMEM), operation: "make the muxer") }
        self.context = context
        context.pointee.flags |= AVFMT_FLAG_BITEXACT
        // Older versions call FLAC in MP4 an experiment.
        context.pointee.strict_std_compliance = FF_COMPLIANCE_EXPERIMENTAL
        context.pointee.avoid_negative_ts = 0
        context.pointee.max_delay = 0
        guard let stream = avformat_new_stream(context, nil) else {
            throw AVFailure(code: martlet_averror(ENOMEM), operation: "add a stream")
        }
        try checked(avcodec_parameters_copy(stream.pointee.codecpar, source.pointee.codecpar), "copy the parameters")
        stream.pointee.time_base = AVRational(num: timeBase.num, den: timeBase.den)
        stream.pointee.sample_aspect_ratio = source.pointee.codecpar.pointee.sample_aspect_ratio
        Self.dress(stream.pointee.codecpar, container)
        for type in [AV_PKT_DATA_MASTERING_DISPLAY_METADATA, AV_PKT_DATA_CONTENT_LIGHT_LEVEL] {
            var size = 0
            guard let data = martlet_side_data(source, type, &size) else { continue }
            try checked(martlet_add_side_data(stream, type, data, size), "copy side data")
        }
        try checked(avio_open_dyn_buf(&context.pointee.pb), "make a buffer")
        var options: OpaquePointer?
        defer { av_dict_free(&options) }
        if container == .mp4 {
            // Each segment stands alone: its times are in it, and its fragment ends where it is told to.
            var flags = "+empty_moov+default_base_moof+frag_custom+frag_discont+skip_trailer"
            // Their head is read from their first packet.
            let codec = source.pointee.codecpar.pointee.codec_id
            if codec == AV_CODEC_ID_AC3 || codec == AV_CODEC_ID_EAC3 { flags += "+delay_moov" }
            av_dict_set(&options, "movflags", flags, 0)
            av_dict_set(&options, "use_editlist", "0", 0)
            if timeBase.num == 1 { av_dict_set(&options, "video_track_timescale", "\(timeBase.den)", 0) }
        } else {
            av_dict_set(&options, "mpegts_flags", "+initial_discontinuity", 0)
            av_dict_set(&options, "muxdelay", "0", 0)
        }
        try checked(avformat_write_header(context, &options), "write the head")
        isBegun = true
    }

    deinit {
        // The muxer's own memory is freed with the trailer, which nobody reads.
        if isBegun { av_write_trailer(context) }
        var rest: UnsafeMutablePointer<UInt8>?
        if context.pointee.pb != nil { avio_close_dyn_buf(context.pointee.pb, &rest) }
        av_free(rest)
        avformat_free_context(context)
    }

    /// Names the segment that is written next.
    func begin(segment: Int) {
        if container == .mp4, let data = context.pointee.priv_data {
            av_opt_set_int(data, "fragment_index", Int64(segment + 1), 0)
        }
    }

    /// Writes a packet whose times are in ticks of `timeBase`, and empties it.
    func write(_ packet: Packet, timeBase: TimeBase) throws {
        guard let stream = context.pointee.streams[0] else { return }
        av_packet_rescale_ts(
            packet.pointer, AVRational(num: timeBase.num, den: timeBase.den), stream.pointee.time_base)
        let result = av_write_frame(context, packet.pointer)
        packet.clear()
        try checked(result, "write a packet")
    }

    /// Ends the segment, and gives away all that was written since the last one.
    func finishSegment() throws -> [UInt8] {
        try checked(av_write_frame(context, nil), "end a segment")
        let bytes = take()
        guard container == .mp4, BoxList(bytes).fragments.isEmpty else { return bytes }
        // A head that waited for the first packet comes out alone.
        try checked(av_write_frame(context, nil), "end a segment")
        return bytes + take()
    }

    private func take() -> [UInt8] {
        var bytes: UnsafeMutablePointer<UInt8>?
        let count = avio_close_dyn_buf(context.pointee.pb, &bytes)
        context.pointee.pb = nil
        defer { av_free(bytes) }
        // Without memory for another buffer, the next write fails.
        _ = avio_open_dyn_buf(&context.pointee.pb)
        return Array(UnsafeBufferPointer(start: bytes, count: Int(count)))
    }

    /// Takes out what belongs to a whole file: delays that a segment in the middle does not have.
    private static func dress(_ parameters: UnsafeMutablePointer<AVCodecParameters>, _ container: SegmentContainer) {
        parameters.pointee.codec_tag = 0
        parameters.pointee.initial_padding = 0
        if parameters.pointee.codec_id == AV_CODEC_ID_HEVC, container == .mp4 {
            // Parameter sets in the head only, as Apple's players want them: "hvc1".
            parameters.pointee.codec_tag = 0x3163_7668
        }
        if parameters.pointee.codec_id == AV_CODEC_ID_OPUS, parameters.pointee.extradata_size >= 12 {
            // The pre-skip of an Opus head, RFC 7845.
            parameters.pointee.extradata[10] = 0
            parameters.pointee.extradata[11] = 0
        }
    }
}
