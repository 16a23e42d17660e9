// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CFFmpeg
internal import MartletModel

/// The name of a codec as browsers know it, read from what an encoder wrote.
///
/// Source: RFC 6381; ISO/IEC 14496-15, annex E (HEVC); AV1 Codec ISO Media File Format Binding, section 5
struct CodecNaming {
    /// The name; `nil` for codecs that streams do not carry, and without the codec's header.
    let name: String?

    /// Reads the parameters of an open stream.
    init(_ parameters: UnsafePointer<AVCodecParameters>) {
        let value = parameters.pointee
        let header = Array(UnsafeBufferPointer(start: value.extradata, count: Int(value.extradata_size)))
        name =
            switch value.codec_id {
            case AV_CODEC_ID_H264: Self.h264(header)
            case AV_CODEC_ID_HEVC: Self.hevc(header)
            case AV_CODEC_ID_AV1: Self.av1(header)
            case AV_CODEC_ID_AAC: Self.aac(header)
            case AV_CODEC_ID_OPUS: "opus"
            case AV_CODEC_ID_FLAC: "fLaC"
            case AV_CODEC_ID_AC3: "ac-3"
            case AV_CODEC_ID_EAC3: "ec-3"
            case AV_CODEC_ID_MP3: value.sample_rate > 24_000 ? "mp4a.6B" : "mp4a.69"
            default: nil
            }
    }

    private static func h264(_ header: [UInt8]) -> String? {
        guard header.count >= 4, header[0] == 1 else { return nil }
        return "avc1." + Hexadecimal.text(header[1...3]).uppercased()
    }

    private static func hevc(_ header: [UInt8]) -> String? {
        guard header.count >= 13, header[0] == 1 else { return nil }
        let space = ["", "A", "B", "C"][Int(header[1] >> 6)]
        let flags = header[2...5].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        var reversed: UInt32 = 0
        for bit in 0..<32 where flags & (1 << bit) != 0 { reversed |= 1 << (31 - bit) }
        var constraints = Array(header[6...11])
        while constraints.last == 0 { constraints.removeLast() }
        let tier = header[1] & 0x20 == 0 ? "L" : "H"
        var name =
            "hvc1.\(space)\(header[1] & 0x1f).\(String(reversed, radix: 16, uppercase: true)).\(tier)\(header[12])"
        for constraint in constraints { name += "." + String(constraint, radix: 16, uppercase: true) }
        return name
    }

    private static func av1(_ header: [UInt8]) -> String? {
        guard header.count >= 3, header[0] == 0x81 else { return nil }
        let level = header[1] & 0x1f
        let tier = header[2] & 0x80 == 0 ? "M" : "H"
        let depth = header[2] & 0x40 == 0 ? "08" : header[2] & 0x20 == 0 ? "10" : "12"
        return "av01.\(header[1] >> 5).\(level < 10 ? "0" : "")\(level)\(tier).\(depth)"
    }

    private static func aac(_ header: [UInt8]) -> String? {
        guard let first = header.first else { return nil }
        return "mp4a.40.\(first >> 3)"
    }
}
