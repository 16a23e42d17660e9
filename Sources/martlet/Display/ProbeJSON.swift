// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel

/// What a media file holds, as an object for programs.
enum ProbeJSON {
    /// The object: everything that is known.
    static func json(of source: SourceDescription, _ index: FrameIndex?) -> JSON {
        .object([
            ("path", .text(source.path)), ("format", .text(source.formatName)),
            ("size_bytes", .integer(source.fingerprint.size.bytes)), ("digest", .text(source.fingerprint.digest)),
            ("duration_s", seconds(source.durationMicroseconds)), ("start_s", seconds(source.startTimeMicroseconds)),
            ("has_arbitrary_origin", .bool(source.hasArbitraryOrigin)),
            ("bit_rate_bps", .integer(orNull: source.bitRate?.bitsPerSecond)), ("tags", tags(source.tags)),
            ("streams", .list(source.streams.map(stream))), ("chapters", .list(source.chapters.map(chapter))),
            ("index", index.map(frames) ?? .null),
        ])
    }

    private static func frames(_ index: FrameIndex) -> JSON {
        .object([
            ("stream", .integer(index.streamIndex)), ("time_base", .text(index.timeBase.description)),
            ("frames", .integer(index.frameCount)),
            ("duration_s", .number(MediaTime(ticks: index.duration, timeBase: index.timeBase).seconds, places: 6)),
            ("last_frame_duration_ticks", .integer(index.lastFrameDuration)), ("method", .text(index.method.rawValue)),
            ("is_seekable", .bool(index.isSeekable)), ("oddities", .list(index.oddities.map { .text($0) })),
            (
                "keyframes",
                .list(
                    index.keyframes.map { key in
                        .object([
                            ("frame", .integer(key.frame)), ("pts_ticks", .integer(key.time)),
                            ("is_random_access_point", .bool(key.isRandomAccessPoint)),
                        ])
                    })
            ), ("pts_ticks", .list(index.presentationTimes.map { .integer($0) })),
        ])
    }

    private static func stream(_ stream: StreamDescription) -> JSON {
        let time = { (ticks: Int64?) in
            JSON.number(orNull: ticks.map { MediaTime(ticks: $0, timeBase: stream.timeBase).seconds }, places: 6)
        }
        return .object([
            ("index", .integer(stream.index)), ("kind", .text(stream.kind.rawValue)), ("codec", .text(stream.codec)),
            ("profile", .text(orNull: stream.profile)), ("time_base", .text(stream.timeBase.description)),
            ("start_s", time(stream.startTime)), ("duration_s", time(stream.duration)),
            ("bit_rate_bps", .integer(orNull: stream.bitRate?.bitsPerSecond)),
            ("is_decodable", .bool(stream.isDecodable)), ("is_default", .bool(stream.disposition.contains(.default))),
            ("is_forced", .bool(stream.disposition.contains(.forced))),
            ("is_cover_picture", .bool(stream.disposition.contains(.attachedPicture))),
            ("disposition_flags", .integer(Int64(stream.disposition.rawValue))), ("tags", tags(stream.tags)),
            ("video", stream.video.map(video) ?? .null), ("audio", stream.audio.map(audio) ?? .null),
        ])
    }

    private static func audio(_ audio: AudioProperties) -> JSON {
        .object([
            ("sample_rate_hz", .integer(audio.sampleRate)), ("channels", .integer(audio.channels)),
            ("layout", .text(orNull: audio.layout)), ("sample_format", .text(orNull: audio.sampleFormat)),
        ])
    }

    private static func video(_ video: VideoProperties) -> JSON {
        .object([
            ("width_px", .integer(video.width)), ("height_px", .integer(video.height)),
            ("sample_aspect_ratio", rational(video.sampleAspectRatio)),
            ("pixel_format", .text(orNull: video.pixelFormat)),
            ("bit_depth", .integer(video.bitDepth)), ("average_frame_rate", rational(video.averageFrameRate)),
            ("real_frame_rate", rational(video.realFrameRate)),
            ("color_primaries", .text(orNull: video.color.primaries)),
            ("color_transfer", .text(orNull: video.color.transfer)),
            ("color_matrix", .text(orNull: video.color.matrix)),
            ("color_range", .text(orNull: video.color.range)),
            ("chroma_location", .text(orNull: video.color.chromaLocation)),
            ("field_order", .text(video.fieldOrder.rawValue)),
            ("rotation_degrees", .integer(video.displayMatrix?.clockwiseDegrees ?? 0)),
            ("display_matrix", video.displayMatrix.map { .list($0.values.map { .integer(Int64($0)) }) } ?? .null),
            ("mastering_display", video.masteringDisplay.map(mastering) ?? .null),
            (
                "content_light",
                video.contentLight.map { light in
                    .object([
                        ("max_content_cd_m2", .integer(light.maxContentLevel)),
                        ("max_frame_average_cd_m2", .integer(light.maxFrameAverageLevel)),
                    ])
                } ?? .null
            ),
            (
                "dolby_vision",
                video.dolbyVision.map { vision in
                    .object([
                        ("profile", .integer(vision.profile)), ("level", .integer(vision.level)),
                        ("compatibility", .integer(vision.compatibility)),
                    ])
                } ?? .null
            ), ("has_hdr10_plus", .bool(video.hasHDR10Plus)),
        ])
    }

    private static func mastering(_ display: MasteringDisplay) -> JSON {
        .object([
            ("primaries", .list(display.primaries.map(rational))),
            ("white_point", .list(display.whitePoint.map(rational))),
            ("min_luminance_cd_m2", rational(display.minLuminance)),
            ("max_luminance_cd_m2", rational(display.maxLuminance)),
        ])
    }

    private static func chapter(_ chapter: Chapter) -> JSON {
        .object([
            ("id", .integer(chapter.id)),
            ("start_s", .number(MediaTime(ticks: chapter.start, timeBase: chapter.timeBase).seconds, places: 6)),
            ("end_s", .number(MediaTime(ticks: chapter.end, timeBase: chapter.timeBase).seconds, places: 6)),
            ("tags", tags(chapter.tags)),
        ])
    }

    private static func tags(_ tags: [Tag]) -> JSON { .object(tags.map { ($0.key, .text($0.value)) }) }
    private static func rational(_ value: Rational) -> JSON { .text(value.description) }
    private static func seconds(_ microseconds: Int64?) -> JSON {
        .number(orNull: microseconds.map { Double($0) / 1e6 }, places: 6)
    }
}
