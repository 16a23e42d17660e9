// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel

/// Every option that there is; commands pick theirs.
enum Options {
    /// What decides the result of `transcode` and `plan`.
    static let encoding: [Option] = [
        Option(
            "codec", .codec, .picture,
            "The picture's codec, or one encoder by ffmpeg's name, such as libx265 or h264_nvenc; copy takes the picture over as it is.",
            default: "h264; vp9 for WebM", into: \.codec),
        Option(
            "crf", .number(0...255), .picture,
            "Constant quality on the encoder's own scale; lower is better. Excludes --bitrate.",
            default: "by encoder", into: \.parameters.crf),
        Option(
            "bitrate", .bitRate, .picture, "The picture's average bit rate over the whole film, such as 4M.",
            into: \.parameters.bitrate),
        Option(
            flag: "two-pass", .picture,
            "States that --bitrate is reached with a first pass over the whole film, as it always is.",
            into: \.parameters.twoPass),
        Option(
            "target-quality", .targetQuality, .picture,
            "The likeness to the source that each segment is brought to, such as vmaf:95 or ssim:0.98, by up to four encodes of it. Excludes --crf and --bitrate.",
            into: \.parameters.targetQuality),
        Option(
            "preset", .word("PRESET", "a preset of the encoder, such as medium or 8"), .picture,
            "The encoder's preset: how much time it spends on making the file small.", default: "by encoder",
            into: \.parameters.preset),
        Option(
            "resolution", .resolution, .picture,
            "The picture's height, the width by its shape, or a box that it is fitted into.", default: "as the source",
            into: \.parameters.resolution),
        Option(
            flag: "allow-upscale", .picture, "Lets --resolution make the picture larger than the source.",
            into: \.parameters.allowUpscale),
        Option(
            "frame-rate", .frameRate, .picture,
            "A constant frame rate; frames are repeated or left out to reach it.",
            default: "every frame at its own time", into: \.parameters.frameRate),
        Option(
            "pixel-format", .word("FORMAT", "a pixel format such as yuv420p10le"), .picture,
            "FFmpeg's name of the pixel format.", default: "the nearest to the source that the encoder takes",
            into: \.parameters.pixelFormat),
        Option(
            flag: "deinterlace", .picture, "Weaves the fields of interlaced film into whole frames.",
            into: \.parameters.deinterlace),
        hardware,
        Option(
            "hw-fallback", .yesOrNo, .picture,
            "Whether software takes over, with a warning, where the hardware that is asked for does not work or fails.",
            default: "true", into: \.parameters.softwareFallback),
        Option(
            "ffmpeg-params", .ffmpegParameters, .picture,
            "More options of the encoder, written as for ffmpeg. Only options of the encoder are allowed.",
            into: \.ffmpegParameters),
        Option(
            "video-option", .keyAndValue, .picture, "One more option of the encoder; stands after --ffmpeg-params.",
            appendingTo: \.videoOptions),
        Option(
            "container", .choice, .sound, "The container.", default: "by the output's suffix", into: \.container),
        Option(
            "audio-codec", .choice, .sound, "What becomes of the sound: encoded, taken over as it is, or left out.",
            default: "aac; opus for WebM", into: \.audioCodec),
        Option(
            "audio-bitrate", .bitRate, .sound, "The bit rate of each sound track.", default: "by channels",
            into: \.parameters.audioBitrate),
        Option(
            flag: "flatten-subtitles", .sound,
            "Lets styled subtitles lose their styles where the container has none.", into: \.parameters.flattenSubtitles
        ),
        Option(
            "segment-duration", .milliseconds(0.5...3600), .segments,
            "The wanted length of a segment; at least 300 frames, unless --split fixed.", default: "10",
            into: \.parameters.segmentDurationMilliseconds),
        Option(
            "split", .choice, .segments,
            "Where to cut: at key frames of the source, at scene changes, or at every segment length.",
            default: SplitMethod.keyframes.rawValue, into: \.parameters.split),
    ]

    /// How the work of `transcode` is done; none of it changes the picture.
    static let work: [Option] = [
        Option(
            "workers", .integer(0...256), .segments,
            "How many segments are encoded at once; 0 goes by processors and memory.",
            default: "0", into: \.workers),
        nice,
        verify, overwrite,
        Option(
            "work-directory", .directory, .job, "Where state and segments of the job are kept.",
            default: "beside the output", into: \.workDirectory),
        Option(flag: "keep-work", .job, "Keeps state and segments after success.", into: \.keepWork),
        priority, name,
    ]

    /// Options of `work` that are about this machine, and mean nothing where a cluster does the work.
    static let ofThisMachine = ["workers", "nice", "work-directory", "keep-work"]

    /// Which hardware may encode.
    static let hardware = Option(
        "hw-accel", .choice, .picture,
        "The hardware that may encode; software takes over, with a warning, where it does not work.",
        default: HardwareChoice.auto.rawValue, into: \.parameters.hardware)

    /// How far ffmpeg steps back for other programs.
    static let nice = Option(
        "nice", .integer(0...19), .segments, "Added to the niceness of ffmpeg.", default: "0", into: \.niceness)

    /// How much a result is checked.
    static let verify = Option(
        "verify", .choice, .job,
        "How the result is checked before it is put in place: none trusts the join; counts compares frames, times and streams; full also decodes everything and measures the likeness.",
        default: VerificationLevel.counts.rawValue, into: \.verification)

    /// Whether an output may be replaced.
    static let overwrite = Option(flag: "overwrite", .job, "Replaces an output that exists.", into: \.overwrite)

    /// How urgent a job is.
    static let priority = Option(
        "priority", .priority, .job, "How urgent the job is.", default: Priority.normal.name, into: \.priority)

    /// What a job is called.
    static let name = Option(
        "name", .text("NAME"), .job, "What you call the job.", default: "the input's file name", into: \.name)

    /// The source that an output is compared with.
    static let against = Option("against", .file, .job, "The source that the output was made from.", into: \.against)

    /// Whether `verify` decodes.
    static let full = Option(
        flag: "full", .job,
        "Decodes both to the end and measures the likeness (SSIM, PSNR, and VMAF where ffmpeg has it).",
        into: \.isFull)

    /// How long `bench` measures.
    static let duration = Option(
        "duration", .number(0.5...600, "SECONDS"), .measurement, "How long each encoder is measured at each size.",
        default: "5", into: \.measurementSeconds)

    /// Which encoder `bench` measures.
    static let measuredCodec = Option(
        "codec", .encodingCodec, .measurement, "Measures only this codec, or only this encoder.",
        default: "all that work here",
        into: \.codec)

    /// Where `doctor` looks for space.
    static let inspectedDirectory = Option(
        "work-directory", .directory, .job, "The directory whose free space is looked at.", default: "the current one",
        into: \.workDirectory)

    /// Prints objects for programs.
    static let json = Option(
        flag: "json", .common, "Prints JSON: one object a line, units in the names of the keys.", into: \.isJSON)

    /// How much is printed.
    static let loudness: [Option] = [
        Option(flag: "quiet", short: "q", .common, "Prints errors only.", into: \.isQuiet),
        Option(flag: "verbose", short: "v", .common, "Prints more.", into: \.isVerbose),
    ]

    /// The name of the option that names the configuration file; the parser itself reads it.
    static let configurationName = "config"
}
