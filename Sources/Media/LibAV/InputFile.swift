// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CFFmpeg
internal import MartletModel

/// One file opened for reading; closed when released.
///
/// Not `Sendable`: a file is made, used and dropped in one place. Calls block
/// and belong on a thread of their own, never on the cooperative pool.
final class InputFile {
    /// The open demuxer.
    let context: UnsafeMutablePointer<AVFormatContext>
    /// Why `readOn` ended before the file did, in libav's words; `nil` while it did not.
    private(set) var breakOff: String?

    /// Opens the file; with `probing`, also reads far enough to know every stream.
    ///
    /// Only local files are opened: a playlist or concat script in disguise
    /// cannot make it read another path or address.
    init(path: String, probing: Bool = true) throws(AVFailure) {
        _ = libavIsQuiet
        var context: UnsafeMutablePointer<AVFormatContext>?
        var options: OpaquePointer?
        defer { av_dict_free(&options) }
        av_dict_set(&options, "protocol_whitelist", "file", 0)
        av_dict_set(&options, "format_whitelist", ReadableFormats.whitelist, 0)
        try checked(avformat_open_input(&context, "file:" + path, nil, &options), "open")
        guard let context else { throw AVFailure(code: martlet_averror(ENOMEM), operation: "open") }
        self.context = context
        // AVI packets of streams with B-frames carry no presentation times.
        if formatName == "avi" { context.pointee.flags |= AVFMT_FLAG_GENPTS }
        if probing { try checked(avformat_find_stream_info(context, nil), "read stream properties") }
    }

    deinit {
        var context: UnsafeMutablePointer<AVFormatContext>? = context
        avformat_close_input(&context)
    }

    /// The demuxer's short names.
    var formatName: String { context.pointee.iformat.map { String(cString: $0.pointee.name) } ?? "" }

    /// The number of streams known so far.
    var streamCount: Int { Int(context.pointee.nb_streams) }

    /// The stream at `index`, which must be below `streamCount`.
    func stream(_ index: Int) -> UnsafeMutablePointer<AVStream> {
        guard index < streamCount, let stream = context.pointee.streams[index] else {
            preconditionFailure("stream \(index) of \(streamCount)")
        }
        return stream
    }

    /// Lets the demuxer skip every stream but those in `kept`.
    func keepOnly(_ kept: Set<Int>) {
        for index in 0..<streamCount {
            stream(index).pointee.discard = kept.contains(index) ? AVDISCARD_DEFAULT : AVDISCARD_ALL
        }
    }

    /// Reads the next packet of any kept stream; `false` at the end of the file.
    func read(into packet: Packet) throws(AVFailure) -> Bool {
        packet.clear()
        let result = av_read_frame(context, packet.pointer)
        if result == MARTLET_EOF { return false }
        try checked(result, "read")
        return true
    }

    /// As `read`, but where a demuxer gives up on damaged content, that is taken as the end, as ffmpeg takes it.
    ///
    /// - Throws: `AVFailure` when the disk cannot be read.
    func readOn(into packet: Packet) throws(AVFailure) -> Bool {
        do {
            return try read(into: packet)
        } catch {
            guard error.code != martlet_averror(EIO) else { throw error }
            breakOff = error.reason
            return false
        }
    }
}
