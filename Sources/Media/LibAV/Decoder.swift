// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CFFmpeg

/// One decoder for one stream, on one thread; closed when released.
///
/// Not `Sendable`: made, used and dropped in one place, like `InputFile`.
final class Decoder {
    /// libav's decoder.
    let context: UnsafeMutablePointer<AVCodecContext>
    /// The frame that `receive()` filled last.
    let frame: UnsafeMutablePointer<AVFrame>

    /// Opens the decoder of a stream; `nil` when this FFmpeg build has none.
    ///
    /// With `timesOnly`, steps that change nothing but the picture are skipped.
    init?(stream: UnsafeMutablePointer<AVStream>, timesOnly: Bool) throws(AVFailure) {
        guard let parameters = stream.pointee.codecpar, let codec = avcodec_find_decoder(parameters.pointee.codec_id)
        else { return nil }
        var made = avcodec_alloc_context3(codec)
        guard let context = made, let frame = av_frame_alloc() else {
            avcodec_free_context(&made)
            throw AVFailure(code: martlet_averror(ENOMEM), operation: "open decoder")
        }
        self.context = context
        self.frame = frame
        try checked(avcodec_parameters_to_context(context, parameters), "open decoder")
        context.pointee.pkt_timebase = stream.pointee.time_base
        context.pointee.framerate = stream.pointee.avg_frame_rate
        context.pointee.thread_count = 1
        if timesOnly { context.pointee.skip_loop_filter = AVDISCARD_ALL }
        try checked(avcodec_open2(context, codec, nil), "open decoder")
    }

    deinit {
        var context: UnsafeMutablePointer<AVCodecContext>? = context
        var frame: UnsafeMutablePointer<AVFrame>? = frame
        avcodec_free_context(&context)
        av_frame_free(&frame)
    }

    /// Hands a packet over, or with `nil` says that none follows; libav's answer.
    func send(_ packet: UnsafePointer<AVPacket>?) -> Int32 { avcodec_send_packet(context, packet) }

    /// Fetches the next frame into `frame`; libav's answer.
    func receive() -> Int32 { avcodec_receive_frame(context, frame) }
}
