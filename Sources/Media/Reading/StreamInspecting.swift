// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CFFmpeg
internal import MartletModel
internal import MartletPorts

/// Reads the packets of a one-stream file.
struct StreamInspecting {
    /// The file to read.
    let path: String

    /// Reads the first stream, packet by packet.
    func inspect(_ stop: StopFlag) throws -> StreamInspection {
        let empty = StreamInspection(
            kind: nil, codec: "none", timeBase: TimeBase(1, 1000), times: [], durationMicroseconds: 0,
            payload: ByteCount(0))
        guard try Acceptance.size(of: path) > 0 else { return empty }
        do {
            let file = try InputFile(path: path)
            guard file.streamCount > 0 else { return empty }
            return try inspect(file, stop)
        } catch let error as AVFailure {
            throw MediaError(
                .failed, "\(path): cannot \(error.operation): \(error.reason).", advice: "Make the file again.",
                isRetryable: true)
        }
    }

    private func inspect(_ file: InputFile, _ stop: StopFlag) throws -> StreamInspection {
        file.keepOnly([0])
        let stream = file.stream(0)
        var times: [Int64] = []
        var (payload, end): (Int64, Int64) = (0, .min)
        let packet = Packet()
        while try file.read(into: packet) {
            try stop.check()
            let read = packet.pointer.pointee
            guard read.stream_index == 0 else { continue }
            payload += Int64(read.size)
            let time = read.pts == MARTLET_NOPTS ? read.dts : read.pts
            guard time != MARTLET_NOPTS else { continue }
            times.append(time)
            end = max(end, time + max(0, read.duration))
        }
        times.sort()
        let timeBase = TimeBase(stream.pointee.time_base.num, stream.pointee.time_base.den)
        let length = times.first.map { MediaTime(ticks: end - $0, timeBase: timeBase).microseconds } ?? 0
        return StreamInspection(
            kind: StreamReading.kind(of: stream.pointee.codecpar.pointee.codec_type),
            codec: String(cString: avcodec_get_name(stream.pointee.codecpar.pointee.codec_id)), timeBase: timeBase,
            times: times, durationMicroseconds: length, payload: ByteCount(payload))
    }
}
