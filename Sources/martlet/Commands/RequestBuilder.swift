// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel

/// Turns settings into what is to be done; finds what contradicts itself. Looks at no file.
struct RequestBuilder {
    /// What the options say.
    var settings: Settings

    /// The request for one film.
    ///
    /// - Parameter output: where the result goes; `nil` when only a plan is wanted.
    /// - Throws: `CommandLineError`.
    func request(input: String, output: String?) throws -> TranscodeRequest {
        let container = try container(of: output)
        var request = TranscodeRequest(
            input: input, output: output ?? "out." + container.rawValue, parameters: try parameters(in: container))
        request.workers = settings.workers
        request.priority = settings.priority
        request.verification = settings.verification
        request.workDirectory = settings.workDirectory
        request.overwrite = settings.overwrite
        request.keepWork = settings.keepWork
        request.name = settings.name
        request.niceness = settings.niceness
        return request
    }

    private func parameters(in container: ContainerFormat) throws -> TranscodeParameters {
        try refuseContradictions()
        var parameters = settings.parameters
        parameters.container = container
        parameters.codec = settings.codec ?? .codec(container == .webm ? .vp9 : .h264)
        parameters.audioCodec = settings.audioCodec ?? (container == .webm ? .opus : .aac)
        parameters.encoderOptions = settings.ffmpegParameters + settings.videoOptions
        return parameters
    }

    private func container(of output: String?) throws -> ContainerFormat {
        guard let output else { return settings.container ?? .mp4 }
        let suffix = Self.suffix(of: output)
        let meant = Self.container(ofSuffix: suffix)
        if let wanted = settings.container {
            if let meant, meant != wanted {
                throw CommandLineError(
                    .contradiction, "The output \(output) ends in .\(suffix), but --container says \(wanted.rawValue).",
                    advice: "Leave one of them out, or make them agree.")
            }
            return wanted
        }
        guard let meant else {
            let suffixes = ContainerFormat.allCases.map { "." + $0.rawValue }.joined(separator: ", ")
            throw CommandLineError(
                .missingValue, "The name \(output) does not say which container is wanted.",
                advice: "End it in one of \(suffixes), or add --container.")
        }
        return meant
    }

    private func refuseContradictions() throws {
        let given = settings.given
        func refuse(_ left: String, _ right: String, _ advice: String) throws {
            guard given.contains(left), given.contains(right) else { return }
            throw CommandLineError(
                .contradiction, "`--\(left)` and `--\(right)` exclude each other.", advice: advice)
        }
        try refuse("crf", "bitrate", "--crf asks for a quality, --bitrate for a size: leave one of them out.")
        try refuse("target-quality", "crf", "Both say how good the picture is to be: leave one of them out.")
        try refuse(
            "target-quality", "bitrate",
            "--target-quality asks for a quality, --bitrate for a size: leave one of them out.")
        if settings.parameters.twoPass, settings.parameters.bitrate == nil {
            throw CommandLineError(
                .contradiction, "`--two-pass` has nothing to reach without `--bitrate`.",
                advice: "Add a rate such as `--bitrate 4M`, or leave `--two-pass` out.")
        }
        if settings.codec == .copy {
            let changes = [
                "crf", "bitrate", "target-quality", "preset", "resolution", "frame-rate", "pixel-format",
                "deinterlace", "ffmpeg-params", "video-option",
            ]
            if let change = changes.first(where: { given.contains($0) }) {
                throw CommandLineError(
                    .contradiction,
                    "`--codec copy` takes the picture over as it is, and `--\(change)` would change it.",
                    advice: "Leave one of them out.")
            }
        }
        if settings.audioCodec == .copy || settings.audioCodec == AudioCodec.none, given.contains("audio-bitrate") {
            throw CommandLineError(
                .contradiction,
                "`--audio-bitrate` has no sound to encode with `--audio-codec \(settings.audioCodec?.rawValue ?? "")`.",
                advice: "Leave one of them out.")
        }
    }

    /// The suffix of a file's name, in lower case and without the dot; empty when there is none.
    static func suffix(of path: String) -> String {
        let name = path.split(separator: "/").last.map(String.init) ?? ""
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return "" }
        return name[name.index(after: dot)...].lowercased()
    }

    /// The container that a suffix stands for.
    static func container(ofSuffix suffix: String) -> ContainerFormat? {
        switch suffix {
        case "mp4", "m4v", "m4a": .mp4
        case "mkv", "mka": .mkv
        case "webm": .webm
        case "mov", "qt": .mov
        default: nil
        }
    }
}
