// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CFFmpeg

/// The parameters that two pieces of one stream must share to be joined.
struct CodecSignature: Equatable {
    private let codec: String
    private let size: String
    private let pixelFormat: String
    private let profile: String
    private let header: [UInt8]

    /// Takes the parameters of an open stream.
    init(_ parameters: UnsafePointer<AVCodecParameters>) {
        let value = parameters.pointee
        codec = String(cString: avcodec_get_name(value.codec_id))
        size = "\(value.width)x\(value.height)"
        pixelFormat = av_get_pix_fmt_name(AVPixelFormat(value.format)).map { String(cString: $0) } ?? "unknown"
        profile = avcodec_profile_name(value.codec_id, value.profile).map { String(cString: $0) } ?? "\(value.profile)"
        header = Array(UnsafeBufferPointer(start: value.extradata, count: Int(value.extradata_size)))
    }

    /// What differs, in words; `nil` when nothing does.
    func difference(from first: CodecSignature) -> String? {
        if codec != first.codec { return "codec \(first.codec) and \(codec)" }
        if size != first.size { return "size \(first.size) and \(size)" }
        if pixelFormat != first.pixelFormat { return "pixel format \(first.pixelFormat) and \(pixelFormat)" }
        if profile != first.profile { return "profile \(first.profile) and \(profile)" }
        guard header != first.header else { return nil }
        let place = zip(header, first.header).enumerated().first { $0.element.0 != $0.element.1 }?.offset
        let spot = place.map { "at byte \($0)" } ?? "in length"
        return "codec header (\(first.header.count) and \(header.count) bytes, different \(spot))"
    }
}
