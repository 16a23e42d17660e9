// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CFFmpeg

/// Tells IDR pictures from other key frames, and finds the second fields of frames coded as two packets.
final class H264Look: BitstreamLook {
    private let units: NALUnits
    private let fields: FieldPairing?

    /// Reads the framing and the sequence parameters from the stream's configuration.
    init(configuration: UnsafeBufferPointer<UInt8>, parameters: UnsafePointer<AVCodecParameters>) {
        let units = NALUnits(configuration: configuration, lengthSizeOffset: 4)
        self.units = units
        fields = Self.mayHaveFields(configuration, units) ? FieldPairing(parameters: parameters) : nil
    }

    func look(at bytes: UnsafeBufferPointer<UInt8>, traits: PacketTraits) -> PacketTraits {
        var found: PacketTraits = []
        if traits.contains(.key) {
            units.forEach(in: bytes) { unit in
                let type = unit[0] & 31
                if type == 5 { found.insert(.randomAccess) }
                return type == 0 || type > 5
            }
        }
        if let fields, fields.isSecondField(bytes) { found.insert(.secondField) }
        return found
    }

    /// Whether the sequence parameters allow pictures of one field; also when there are none to read.
    private static func mayHaveFields(_ configuration: UnsafeBufferPointer<UInt8>, _ units: NALUnits) -> Bool {
        var answer: Bool?
        if units.lengthSize != nil {
            guard configuration.count > 8, configuration[5] & 31 > 0 else { return true }
            let length = Int(configuration[6]) << 8 | Int(configuration[7])
            let end = min(8 + length, configuration.count)
            answer = hasFields(parameterSet: UnsafeBufferPointer(rebasing: configuration[8..<end]))
        } else {
            units.forEach(in: configuration) { unit in
                if unit[0] & 31 == 7 { answer = hasFields(parameterSet: unit) }
                return answer == nil
            }
        }
        return answer ?? true
    }

    /// Reads up to `frame_mbs_only_flag`. Source: ITU-T H.264, 7.3.2.1.1.
    private static func hasFields(parameterSet: UnsafeBufferPointer<UInt8>) -> Bool {
        var reader = BitReader(parameterSet, from: 1, isNALUnit: true)
        let profile = reader.bits(8)
        _ = reader.bits(16)
        _ = reader.golomb()
        if [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135].contains(profile) {
            let chroma = reader.golomb()
            if chroma == 3 { _ = reader.flag() }
            _ = (reader.golomb(), reader.golomb(), reader.flag())
            if reader.flag() {
                for list in 0..<(chroma == 3 ? 12 : 8) where reader.flag() {
                    skipScalingList(&reader, size: list < 6 ? 16 : 64)
                }
            }
        }
        _ = reader.golomb()
        switch reader.golomb() {
        case 0: _ = reader.golomb()
        case 1:
            _ = (reader.flag(), reader.signedGolomb(), reader.signedGolomb())
            let count = min(reader.golomb(), 255)
            for _ in 0..<count { _ = reader.signedGolomb() }
        default: break
        }
        _ = (reader.golomb(), reader.flag(), reader.golomb(), reader.golomb())
        let framesOnly = reader.flag()
        return reader.isPastEnd || !framesOnly
    }

    private static func skipScalingList(_ reader: inout BitReader, size: Int) {
        var (last, next): (Int32, Int32) = (8, 8)
        for _ in 0..<size where next != 0 {
            next = (last &+ reader.signedGolomb() &+ 256) % 256
            if next != 0 { last = next }
        }
    }
}

/// Finds packets that hold the second field of a frame, with libavcodec's own H.264 parser.
final class FieldPairing {
    private let parser: UnsafeMutablePointer<AVCodecParserContext>
    private let context: UnsafeMutablePointer<AVCodecContext>
    private var openField: AVPictureStructure?

    /// `nil` when the parser cannot be made.
    init?(parameters: UnsafePointer<AVCodecParameters>) {
        guard let parser = av_parser_init(Int32(bitPattern: parameters.pointee.codec_id.rawValue)) else { return nil }
        var made = avcodec_alloc_context3(nil)
        guard let context = made, avcodec_parameters_to_context(context, parameters) >= 0 else {
            avcodec_free_context(&made)
            av_parser_close(parser)
            return nil
        }
        parser.pointee.flags |= PARSER_FLAG_COMPLETE_FRAMES
        self.parser = parser
        self.context = context
    }

    deinit {
        var context: UnsafeMutablePointer<AVCodecContext>? = context
        avcodec_free_context(&context)
        av_parser_close(parser)
    }

    /// Whether the packet completes the frame that the one before it began.
    func isSecondField(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        var (output, size): (UnsafeMutablePointer<UInt8>?, Int32) = (nil, 0)
        _ = av_parser_parse2(
            parser, context, &output, &size, bytes.baseAddress, Int32(bytes.count), MARTLET_NOPTS, MARTLET_NOPTS, -1)
        let structure = parser.pointee.picture_structure
        guard structure == AV_PICTURE_STRUCTURE_TOP_FIELD || structure == AV_PICTURE_STRUCTURE_BOTTOM_FIELD else {
            openField = nil
            return false
        }
        if let openField, openField != structure {
            self.openField = nil
            return true
        }
        openField = structure
        return false
    }
}
