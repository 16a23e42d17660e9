// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CFFmpeg

/// Looks into packets far enough to say what a decoder shows of them.
///
/// One look serves one stream, packet after packet in file order.
protocol BitstreamLook: AnyObject {
    /// What the bytes say; `traits` holds what the container says.
    func look(at bytes: UnsafeBufferPointer<UInt8>, traits: PacketTraits) -> PacketTraits
}

/// For codecs without differences between packets: intra-only ones, or ones that Martlet does not read.
final class PlainLook: BitstreamLook {
    private let isIntraOnly: Bool

    /// `isIntraOnly`: whether every packet can be decoded alone.
    init(isIntraOnly: Bool) { self.isIntraOnly = isIntraOnly }

    func look(at bytes: UnsafeBufferPointer<UInt8>, traits: PacketTraits) -> PacketTraits {
        isIntraOnly ? [.key, .randomAccess] : []
    }
}

/// Chooses the look for a stream.
func makeLook(for parameters: UnsafePointer<AVCodecParameters>) -> any BitstreamLook {
    let configuration = UnsafeBufferPointer(
        start: UnsafePointer(parameters.pointee.extradata), count: Int(max(0, parameters.pointee.extradata_size)))
    switch parameters.pointee.codec_id {
    case AV_CODEC_ID_H264: return H264Look(configuration: configuration, parameters: parameters)
    case AV_CODEC_ID_HEVC: return HEVCLook(configuration: configuration)
    case AV_CODEC_ID_VP8: return VP8Look()
    case AV_CODEC_ID_VP9: return VP9Look()
    case AV_CODEC_ID_AV1: return AV1Look(configuration: configuration)
    case AV_CODEC_ID_MPEG4: return MPEG4Look(configuration: configuration)
    case AV_CODEC_ID_MPEG1VIDEO, AV_CODEC_ID_MPEG2VIDEO: return MPEG2Look()
    case AV_CODEC_ID_THEORA: return TheoraLook()
    default:
        let descriptor = avcodec_descriptor_get(parameters.pointee.codec_id)
        return PlainLook(isIntraOnly: descriptor.map { $0.pointee.props & AV_CODEC_PROP_INTRA_ONLY != 0 } ?? false)
    }
}
