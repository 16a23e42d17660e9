// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CFFmpeg
internal import MartletModel

/// Reads through a film once and notes where the packets of its sound lie.
struct SoundScan {
    /// The file to read.
    let path: String
    /// Raised when nobody waits for the result any more.
    let stop: StopFlag

    private struct Track {
        var packets: [(time: Int64, duration: Int64)] = []
    }

    /// The runs of every sound stream.
    func run() throws -> [AudioRuns] {
        let file = try InputFile(path: path)
        file.context.pointee.flags &= ~AVFMT_FLAG_GENPTS
        let streams = (0..<file.streamCount).filter {
            file.stream($0).pointee.codecpar.pointee.codec_type == AVMEDIA_TYPE_AUDIO
        }
        guard !streams.isEmpty else { return [] }
        file.keepOnly(Set(streams))
        var tracks = [Track](repeating: Track(), count: file.streamCount)
        let packet = Packet()
        while try file.readOn(into: packet) {
            try stop.check()
            let read = packet.pointer.pointee
            let number = Int(read.stream_index)
            guard number < tracks.count, read.size > 0 else { continue }
            let stated = read.pts != MARTLET_NOPTS ? read.pts : read.dts
            // What has no time follows the packet before it.
            let next = tracks[number].packets.last.map { $0.time + max(0, $0.duration) }
            guard let time = stated != MARTLET_NOPTS ? stated : next else { continue }
            tracks[number].packets.append((time, read.duration))
        }
        return streams.map { number in
            let stream = file.stream(number).pointee
            let parameters = stream.codecpar.pointee
            var packets = tracks[number].packets
            if zip(packets, packets.dropFirst()).contains(where: { $0.time > $1.time }) {
                packets.sort { $0.time < $1.time }
            }
            return AudioRuns(
                streamIndex: number, codec: String(cString: avcodec_get_name(parameters.codec_id)), packets: packets,
                timeBase: Rational(stream.time_base.num, stream.time_base.den),
                sampleRate: Int(parameters.sample_rate),
                frameSize: parameters.frame_size > 1 ? Int(parameters.frame_size) : nil)
        }
    }
}
