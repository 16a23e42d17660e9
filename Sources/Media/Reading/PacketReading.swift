// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CFFmpeg

/// What a stream's packets say about its displayed frames, and what they leave open.
struct PacketReading {
    /// The displayed times, ascending.
    private(set) var times: [Int64] = []
    /// Why only decoding everything can tell the frames; empty when packets suffice.
    private(set) var reasonsToDecode: [String] = []
    /// Why the first pictures must be decoded to know which of them are shown; `nil` when packets suffice.
    private(set) var reasonToDecodeStart: String?
    /// What was unusual and could be treated.
    private(set) var oddities: [String] = []

    /// Reads the table of one stream.
    init(table: PacketTable, codec: AVCodecID) {
        var (missing, undecidable, damaged, hidden, fields, leading) = (0, 0, 0, 0, 0, 0)
        var firstKey: Int64?
        var (lastKey, goesBack) = (Int64.min, false)
        var startsWithKey = false
        // HEVC drops RASL pictures after the first key frame and after the end of a sequence.
        var (afterBreak, dropsLeading) = (true, true)
        times.reserveCapacity(table.count)
        for position in 0..<table.count {
            let (time, traits) = (table.times[position], table.traits[position])
            if traits.contains(.damaged) { damaged += 1 }
            if traits.contains(.undecidable) { undecidable += 1 }
            if position == 0 { startsWithKey = traits.contains(.key) }
            if traits.contains(.secondField) {
                fields += 1
                continue
            }
            if traits.contains(.randomAccess) {
                dropsLeading = afterBreak || traits.contains(.startsSequence)
                afterBreak = false
            }
            if traits.contains(.endsSequence) { afterBreak = true }
            if traits.contains(.hidden) {
                hidden += 1
                continue
            }
            guard time != MARTLET_NOPTS else {
                missing += 1
                continue
            }
            if traits.contains(.key) {
                firstKey = firstKey ?? time
                if time < lastKey { goesBack = true }
                lastKey = time
            }
            if traits.contains(.skippedLeading), dropsLeading {
                leading += 1
                continue
            }
            times.append(time)
        }
        if missing > 0 { reasonsToDecode.append("\(missing) of \(table.count) packets have no time") }
        if undecidable > 0 { reasonsToDecode.append("\(undecidable) packets do not hold exactly one picture") }
        if damaged > 0 { reasonsToDecode.append("\(damaged) packets are damaged") }
        if goesBack { reasonsToDecode.append("key frames go back in time") }
        if hidden > 0 { oddities.append("\(hidden) packets show nothing") }
        if fields > 0 { oddities.append("\(fields) frames are coded as two fields") }
        if leading > 0 { oddities.append("\(leading) leading pictures cannot be decoded") }
        times.sort()
        if zip(times, times.dropFirst()).contains(where: { $0 == $1 }) {
            reasonsToDecode.append("packets share a time")
        }
        if reasonsToDecode.isEmpty {
            decideStart(table, firstKey: firstKey, startsWithKey: startsWithKey, codec: codec)
        }
    }

    private mutating func decideStart(
        _ table: PacketTable, firstKey: Int64?, startsWithKey: Bool, codec: AVCodecID
    ) {
        guard let firstKey else {
            reasonsToDecode.append("no key frame")
            return
        }
        let early = times.count { $0 < firstKey }
        if !startsWithKey {
            reasonToDecodeStart = "the stream starts without a key frame"
        } else if early > 0 {
            reasonToDecodeStart = "\(early) pictures come before the first key frame"
        } else if !table.traits[0].contains(.randomAccess) {
            reasonToDecodeStart = "the first key frame may not be decodable alone"
        } else if !Self.wellKnown.contains(codec.rawValue) {
            reasonToDecodeStart = "the codec is not read in packets"
        }
    }

    /// Codecs whose packets say what is shown.
    private static let wellKnown: Set<UInt32> = Set(
        [
            AV_CODEC_ID_H264, AV_CODEC_ID_HEVC, AV_CODEC_ID_VP8, AV_CODEC_ID_VP9, AV_CODEC_ID_AV1, AV_CODEC_ID_MPEG4,
            AV_CODEC_ID_MPEG1VIDEO, AV_CODEC_ID_MPEG2VIDEO, AV_CODEC_ID_THEORA, AV_CODEC_ID_PRORES, AV_CODEC_ID_DNXHD,
            AV_CODEC_ID_FFV1, AV_CODEC_ID_RAWVIDEO, AV_CODEC_ID_HUFFYUV, AV_CODEC_ID_UTVIDEO, AV_CODEC_ID_DVVIDEO,
        ].map(\.rawValue))
}

extension PacketTable {
    /// Whether every displayed packet has a presentation time.
    var allHaveTimes: Bool {
        zip(times, traits).allSatisfy { time, traits in
            time != MARTLET_NOPTS || !traits.isDisjoint(with: [.hidden, .secondField])
        }
    }
}
