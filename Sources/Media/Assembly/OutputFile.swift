// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CFFmpeg
internal import Glibc
internal import MartletModel

/// The joined file while it is written; removed again when it is not finished.
final class OutputFile {
    /// The muxer.
    let context: UnsafeMutablePointer<AVFormatContext>
    private let path: String
    private let container: ContainerFormat
    private var isOpen = false
    private var isFinished = false

    /// Prepares a muxer without touching the disk.
    init(path: String, container: ContainerFormat) throws {
        _ = libavIsQuiet
        self.path = path
        self.container = container
        var context: UnsafeMutablePointer<AVFormatContext>?
        try checked(
            avformat_alloc_output_context2(&context, nil, container.muxerName, "file:" + path), "make the muxer")
        guard let context else { throw AVFailure(code: martlet_averror(ENOMEM), operation: "make the muxer") }
        self.context = context
        context.pointee.flags |= AVFMT_FLAG_BITEXACT
        // Times are placed before they reach the muxer; shifting them there
        // would part the picture from what the plan says.
        context.pointee.avoid_negative_ts = 0
    }

    deinit {
        if isOpen { avio_closep(&context.pointee.pb) }
        if isOpen, !isFinished { unlink(path) }
        avformat_free_context(context)
    }

    /// Adds an empty stream.
    func addStream() throws -> UnsafeMutablePointer<AVStream> {
        guard let stream = avformat_new_stream(context, nil) else {
            throw AVFailure(code: martlet_averror(ENOMEM), operation: "add a stream")
        }
        return stream
    }

    /// The stream at `index`.
    func stream(_ index: Int) -> UnsafeMutablePointer<AVStream> {
        guard index < Int(context.pointee.nb_streams), let stream = context.pointee.streams[index] else {
            preconditionFailure("stream \(index) of \(context.pointee.nb_streams)")
        }
        return stream
    }

    /// Creates the file and writes its head.
    ///
    /// - Parameters:
    ///   - pictureTicks: ticks a second of the picture's clock in MP4 and MOV; 0 for the muxer's choice.
    ///   - movieTicks: ticks a second of the edit lists; 0 for the muxer's choice.
    func open(pictureTicks: Int32, movieTicks: Int32) throws {
        let result = avio_open(&context.pointee.pb, "file:" + path, AVIO_FLAG_WRITE)
        guard result >= 0 else { throw writeFailure(AVFailure(code: result, operation: "create")) }
        isOpen = true
        var options: OpaquePointer?
        defer { av_dict_free(&options) }
        if container == .mp4 || container == .mov {
            av_dict_set(&options, "movflags", "+faststart", 0)
            if pictureTicks > 0 { av_dict_set(&options, "video_track_timescale", "\(pictureTicks)", 0) }
            if movieTicks > 0 { av_dict_set(&options, "movie_timescale", "\(movieTicks)", 0) }
        }
        let header = avformat_write_header(context, &options)
        guard header >= 0 else {
            let failure = AVFailure(code: header, operation: "write the head")
            if context.pointee.pb.pointee.error < 0 { throw writeFailure(failure) }
            throw failure
        }
    }

    /// Why the muxer refuses the streams added so far; `nil` when it takes
    /// them. Nothing is written to the disk.
    func tryHeader() -> AVFailure? {
        guard avio_open_dyn_buf(&context.pointee.pb) >= 0 else { return nil }
        let result = avformat_write_header(context, nil)
        var bytes: UnsafeMutablePointer<UInt8>?
        avio_close_dyn_buf(context.pointee.pb, &bytes)
        av_free(bytes)
        context.pointee.pb = nil
        return result < 0 ? AVFailure(code: result, operation: "write the head") : nil
    }

    /// Writes a packet whose times are in ticks of `timeBase`, and empties it.
    ///
    /// - Returns: whether the muxer took it; it refuses packets that are damaged.
    @discardableResult
    func write(_ packet: Packet, timeBase: TimeBase) throws -> Bool {
        let index = Int(packet.pointer.pointee.stream_index)
        av_packet_rescale_ts(
            packet.pointer, AVRational(num: timeBase.num, den: timeBase.den), stream(index).pointee.time_base)
        let result = av_write_frame(context, packet.pointer)
        packet.clear()
        if context.pointee.pb.pointee.error < 0 {
            throw writeFailure(AVFailure(code: context.pointee.pb.pointee.error, operation: "write"))
        }
        if result == MARTLET_INVALID_DATA { return false }
        guard result >= 0 else {
            let codec = String(cString: avcodec_get_name(stream(index).pointee.codecpar.pointee.codec_id))
            let failure = AVFailure(code: result, operation: "write stream \(index), \(codec)")
            if failure.isNoSpace { throw writeFailure(failure) }
            throw MediaError(.failed, "Joining \(path) failed (\(failure)).")
        }
        return true
    }

    /// Writes the rest and closes the file; returns its size in bytes.
    ///
    /// - Parameter delays: encoder delay to write into edit lists, in samples by stream number.
    func finish(delays: [Int: Int64]) throws -> Int64 {
        let result = av_write_trailer(context)
        avio_flush(context.pointee.pb)
        let pending = context.pointee.pb.pointee.error
        let closed = avio_closep(&context.pointee.pb)
        isOpen = false
        for code in [result, pending, closed] where code < 0 {
            unlink(path)
            throw writeFailure(AVFailure(code: code, operation: "finish"))
        }
        do {
            if !delays.isEmpty { try EditLists.mark(delays, in: path) }
        } catch {
            unlink(path)
            throw error
        }
        isFinished = true
        var facts = stat()
        guard stat(path, &facts) == 0 else {
            throw MediaError(.writeFailed, "The joined file \(path) vanished.", isRetryable: true)
        }
        return Int64(facts.st_size)
    }

    private func writeFailure(_ failure: AVFailure) -> MediaError {
        MediaError(
            failure.isNoSpace ? .noSpace : .writeFailed, "Writing \(path) failed (\(failure)).",
            advice: failure.isNoSpace ? "Free space there, or choose another place." : nil)
    }
}
