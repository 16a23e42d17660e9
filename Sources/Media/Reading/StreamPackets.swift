// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CFFmpeg

/// The packets of one stream of a file, in file order, with times as the container has them.
struct StreamPackets {
    /// The open file, in which every other stream is ignored.
    let file: InputFile
    /// The stream's number.
    let stream: Int
    /// The packet that `next()` filled last.
    let packet = Packet()
    private let stop: StopFlag

    /// Opens the file; `nil` when it has no such stream.
    init?(path: String, stream: Int, stop: StopFlag) throws {
        file = try InputFile(path: path)
        // Times that libavformat would make up are not those that ffmpeg shows.
        file.context.pointee.flags &= ~AVFMT_FLAG_GENPTS
        guard stream < file.streamCount else { return nil }
        file.keepOnly([stream])
        self.stream = stream
        self.stop = stop
    }

    /// libav's stream.
    var source: UnsafeMutablePointer<AVStream> { file.stream(stream) }

    /// Why reading ended before the file did, in libav's words; `nil` while it did not.
    var breakOff: String? { file.breakOff }

    /// Reads the next packet; `false` at the end, or where the content is too damaged to go on.
    ///
    /// - Throws: `AVFailure` when the disk cannot be read, `CancellationError` when nobody waits any more.
    func next() throws -> Bool {
        try stop.check()
        while try file.readOn(into: packet) {
            if packet.pointer.pointee.stream_index == stream { return true }
        }
        return false
    }
}
