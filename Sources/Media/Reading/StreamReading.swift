// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CFFmpeg
internal import MartletModel

/// Describes one stream by what the container and the first packets say.
struct StreamReading {
    /// The stream to describe.
    let stream: UnsafeMutablePointer<AVStream>

    /// Collects the description.
    func describe() -> StreamDescription {
        let source = stream.pointee
        let parameters = source.codecpar.pointee
        let kind = Self.kind(of: parameters.codec_type)
        let codec =
            parameters.codec_id == AV_CODEC_ID_NONE ? "none" : String(cString: avcodec_get_name(parameters.codec_id))
        return StreamDescription(
            index: Int(source.index), kind: kind, codec: codec,
            profile: avcodec_profile_name(parameters.codec_id, parameters.profile).map { String(cString: $0) },
            timeBase: Rational(source.time_base.num, source.time_base.den),
            startTime: source.start_time == MARTLET_NOPTS ? nil : source.start_time,
            duration: source.duration == MARTLET_NOPTS || source.duration <= 0 ? nil : source.duration,
            disposition: Disposition(rawValue: source.disposition), tags: Self.tags(source.metadata),
            isDecodable: avcodec_find_decoder(parameters.codec_id) != nil,
            bitRate: parameters.bit_rate > 0 ? BitRate(parameters.bit_rate) : nil,
            video: kind == .video ? VideoReading(stream: stream).describe() : nil,
            audio: kind == .audio ? audio(source.codecpar) : nil)
    }

    /// Martlet's word for libav's kind of stream.
    static func kind(of type: AVMediaType) -> StreamKind {
        switch type {
        case AVMEDIA_TYPE_VIDEO: .video
        case AVMEDIA_TYPE_AUDIO: .audio
        case AVMEDIA_TYPE_SUBTITLE: .subtitle
        case AVMEDIA_TYPE_ATTACHMENT: .attachment
        default: .data
        }
    }

    /// The entries of a dictionary, in their order.
    static func tags(_ dictionary: OpaquePointer?) -> [Tag] {
        var tags: [Tag] = []
        var entry: UnsafeMutablePointer<AVDictionaryEntry>?
        while let next = av_dict_get(dictionary, "", entry, AV_DICT_IGNORE_SUFFIX) {
            tags.append(Tag(String(cString: next.pointee.key), String(cString: next.pointee.value)))
            entry = next
        }
        return tags
    }

    private func audio(_ parameters: UnsafeMutablePointer<AVCodecParameters>) -> AudioProperties {
        let format = AVSampleFormat(parameters.pointee.format)
        return AudioProperties(
            sampleRate: Int(parameters.pointee.sample_rate), channels: Int(martlet_channels(parameters)),
            layout: layout(parameters), sampleFormat: av_get_sample_fmt_name(format).map { String(cString: $0) })
    }

    private func layout(_ parameters: UnsafeMutablePointer<AVCodecParameters>) -> String? {
        guard parameters.pointee.ch_layout.order != AV_CHANNEL_ORDER_UNSPEC else { return nil }
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
            buffer.initialize(repeating: 0)
            guard av_channel_layout_describe(&parameters.pointee.ch_layout, buffer.baseAddress, buffer.count) > 0
            else { return nil }
            return buffer.baseAddress.map { String(cString: $0) }
        }
    }
}
