// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// The run of ffmpeg that encodes the frames of one segment.
package struct VideoCommand: Sendable {
    /// The source's picture stream.
    package var stream: StreamDescription
    /// The chosen encoder.
    package var profile: EncoderProfile
    /// What the picture is to look like.
    package var picture: PictureSettings
    /// What the user wants.
    package var parameters: TranscodeParameters
    /// The major version of libavcodec of the ffmpeg that runs it.
    package var codecMajorVersion: Int

    /// Decides everything that the segments of a film have in common.
    ///
    /// - Throws: `PlanningError` for parameters that do not suit the encoder.
    package init(
        stream: StreamDescription, profile: EncoderProfile, parameters: TranscodeParameters, codecMajorVersion: Int
    ) throws(PlanningError) {
        self.stream = stream
        self.profile = profile
        self.parameters = parameters
        self.codecMajorVersion = codecMajorVersion
        picture = try PictureSettings(
            source: stream.video ?? VideoProperties(width: 0, height: 0), parameters: parameters, profile: profile)
    }

    /// The command for one span of frames.
    ///
    /// Reading starts at a key frame, container times are kept, and frames are
    /// cut by their integer times: exact to the frame for every container.
    ///
    /// - Parameters:
    ///   - crf: the quality; `nil` for the user's, else the encoder's default.
    ///   - preset: the preset; `nil` for the user's, else the encoder's default.
    package func command(
        span: FrameSpan, crf: Double? = nil, preset: String? = nil
    ) throws(PlanningError) -> FFmpegCommand {
        let source = try properties()
        let chain = try filters(of: span)
        let quality = crf ?? parameters.crf ?? profile.defaultCRF
        let encoder = try EncoderArguments(
            profile: profile, rate: quality.map { .quality($0) } ?? .lossless, preset: preset ?? parameters.preset,
            frames: span.outputFrames, picture: picture, source: source, userOptions: parameters.encoderOptions)

        var before: [String] = []
        if profile.family == .vaapi {
            before += ["-init_hw_device", "vaapi=device", "-filter_hw_device", "device"]
        }
        before += reading(of: span)
        var after = ["-map", "0:\(stream.index)", "-an", "-sn", "-dn", "-filter_threads", "1", "-vf", chain.text]
        after += ["-fps_mode", "passthrough"]
        if span.gridFrames == nil { after += ["-enc_time_base", codecMajorVersion < 60 ? "-1" : "demux"] }
        after += encoder.arguments
        let fields = picture.keepsFields && profile.family == .x264 ? "+ildct+ilme" : ""
        after += ["-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact" + fields, "-f", "matroska"]
        var arguments: [FFmpegCommand.Argument] = []
        // Thousands of commands are held at a time: without room to grow.
        arguments.reserveCapacity(before.count + after.count + 2)
        for text in before { arguments.append(.text(text)) }
        arguments.append(.source)
        for text in after { arguments.append(.text(text)) }
        arguments.append(.output)
        return FFmpegCommand(arguments)
    }

    /// The options with which the source is opened for a span, up to `-i`.
    func reading(of span: FrameSpan) -> [String] {
        var text = ["-copyts", "-noaccurate_seek"]
        if let seek = span.segment.seek { text += ["-ss", Self.seconds(seek.seekMicroseconds)] }
        return text + ["-threads", "1", "-flags", "unaligned", "-noautorotate", "-i"]
    }

    /// The filters that make of the decoded source the pictures that are encoded.
    func filters(of span: FrameSpan) throws(PlanningError) -> FilterChain {
        FilterChain(
            span: span, picture: picture, source: try properties(), parameters: parameters, timeBase: stream.timeBase,
            profile: profile)
    }

    private func properties() throws(PlanningError) -> VideoProperties {
        guard let properties = stream.video else {
            throw PlanningError(.nothingToEncode, "Stream \(stream.index) is no picture.")
        }
        return properties
    }

    /// Seconds with six decimals, as `-ss` takes them.
    static func seconds(_ microseconds: Int64) -> String {
        let fraction = String(microseconds % 1_000_000)
        return "\(microseconds / 1_000_000)." + String(repeating: "0", count: 6 - fraction.count) + fraction
    }
}
