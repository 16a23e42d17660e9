// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CFFmpeg
internal import MartletModel

/// Describes the pictures of one stream.
struct VideoReading {
    /// The stream to describe.
    let stream: UnsafeMutablePointer<AVStream>

    /// Collects the properties that need no decoding.
    func describe() -> VideoProperties {
        let parameters = stream.pointee.codecpar.pointee
        let format = AVPixelFormat(parameters.format)
        let pixel = av_pix_fmt_desc_get(format)
        var aspect = stream.pointee.sample_aspect_ratio
        if aspect.num <= 0 { aspect = parameters.sample_aspect_ratio }
        return VideoProperties(
            width: Int(parameters.width), height: Int(parameters.height),
            sampleAspectRatio: aspect.num > 0 && aspect.den > 0 ? Self.rational(aspect) : Rational(0, 1),
            pixelFormat: av_get_pix_fmt_name(format).map { String(cString: $0) },
            bitDepth: pixel.map { Int($0.pointee.comp.0.depth) } ?? 8,
            averageFrameRate: Self.rational(stream.pointee.avg_frame_rate),
            realFrameRate: Self.rational(stream.pointee.r_frame_rate), color: Self.color(parameters),
            fieldOrder: Self.fieldOrder(parameters.field_order), displayMatrix: displayMatrix,
            masteringDisplay: withSideData(AV_PKT_DATA_MASTERING_DISPLAY_METADATA, AVMasteringDisplayMetadata.self) {
                Self.masteringDisplay($0)
            } ?? nil,
            contentLight: withSideData(AV_PKT_DATA_CONTENT_LIGHT_LEVEL, AVContentLightMetadata.self) {
                ContentLight(maxContentLevel: Int($0.MaxCLL), maxFrameAverageLevel: Int($0.MaxFALL))
            },
            dolbyVision: withSideData(AV_PKT_DATA_DOVI_CONF, AVDOVIDecoderConfigurationRecord.self) {
                DolbyVision(
                    profile: Int($0.dv_profile), level: Int($0.dv_level),
                    compatibility: Int($0.dv_bl_signal_compatibility_id))
            })
    }

    /// A fraction of libav as Martlet's.
    static func rational(_ value: AVRational) -> Rational { Rational(value.num, value.den) }

    /// ST 2086 metadata; `nil` when the display is not described in full, or in values that cannot be.
    static func masteringDisplay(_ data: AVMasteringDisplayMetadata) -> MasteringDisplay? {
        guard data.has_primaries != 0, data.has_luminance != 0 else { return nil }
        let primaries = data.display_primaries
        let listed = [
            primaries.0.0, primaries.0.1, primaries.1.0, primaries.1.1, primaries.2.0, primaries.2.1,
        ]
        let all = listed + [data.white_point.0, data.white_point.1, data.min_luminance, data.max_luminance]
        guard all.allSatisfy({ $0.num >= 0 && $0.den > 0 }) else { return nil }
        return MasteringDisplay(
            primaries: listed.map(rational), whitePoint: [rational(data.white_point.0), rational(data.white_point.1)],
            minLuminance: rational(data.min_luminance), maxLuminance: rational(data.max_luminance))
    }

    private var displayMatrix: DisplayMatrix? {
        var size = 0
        guard let data = martlet_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, &size), size >= 36 else { return nil }
        let raw = UnsafeRawPointer(data)
        let values = (0..<9).map { raw.loadUnaligned(fromByteOffset: $0 * 4, as: Int32.self) }
        return values == [65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30] ? nil : DisplayMatrix(values: values)
    }

    private func withSideData<Data, Value>(
        _ type: AVPacketSideDataType, _: Data.Type, _ body: (Data) -> Value
    ) -> Value? {
        var size = 0
        guard let data = martlet_side_data(stream, type, &size), size >= MemoryLayout<Data>.size else { return nil }
        return body(UnsafeRawPointer(data).loadUnaligned(as: Data.self))
    }

    private static func color(_ parameters: AVCodecParameters) -> ColorDescription {
        func name(_ isKnown: Bool, _ text: UnsafePointer<CChar>?) -> String? {
            isKnown ? text.map { String(cString: $0) } : nil
        }
        return ColorDescription(
            primaries: name(
                parameters.color_primaries != AVCOL_PRI_UNSPECIFIED,
                av_color_primaries_name(parameters.color_primaries)),
            transfer: name(
                parameters.color_trc != AVCOL_TRC_UNSPECIFIED, av_color_transfer_name(parameters.color_trc)),
            matrix: name(
                parameters.color_space != AVCOL_SPC_UNSPECIFIED, av_color_space_name(parameters.color_space)),
            range: name(
                parameters.color_range != AVCOL_RANGE_UNSPECIFIED, av_color_range_name(parameters.color_range)),
            chromaLocation: name(
                parameters.chroma_location != AVCHROMA_LOC_UNSPECIFIED,
                av_chroma_location_name(parameters.chroma_location)))
    }

    private static func fieldOrder(_ order: AVFieldOrder) -> FieldOrder {
        switch order {
        case AV_FIELD_PROGRESSIVE: .progressive
        case AV_FIELD_TT: .tt
        case AV_FIELD_BB: .bb
        case AV_FIELD_TB: .tb
        case AV_FIELD_BT: .bt
        default: .unknown
        }
    }
}
