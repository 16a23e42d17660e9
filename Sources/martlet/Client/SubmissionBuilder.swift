// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletWire

/// Turns settings into what is submitted: values go as they were typed, for the coordinator to read.
struct SubmissionBuilder {
    /// What options say.
    var settings: Settings

    /// The submission of one job.
    ///
    /// - Throws: `CommandLineError`, for what contradicts itself.
    func submission(source: String, output: String) throws -> JobSubmission {
        let isStream = settings.cluster.startTime != nil || settings.cluster.isMesh
        let builder = RequestBuilder(settings: settings)
        if isStream {
            try refuseFileOptions()
        } else if output.last != "/", output.last != ":" {
            _ = try builder.request(input: source, output: output)
        }
        var submission = JobSubmission(source: source, output: output)
        submission.name = typed("name")
        submission.params = parameters
        submission.priority = typed("priority")
        submission.segmentDurationS = typed("segment-duration").flatMap { Double($0) }
        submission.callbackURL = typed("callback-url")
        submission.verify = typed("verify")
        submission.overwrite = settings.overwrite ? true : nil
        if isStream {
            submission.startTime = settings.cluster.startTime ?? 0
            submission.isMeshMode = settings.cluster.isMesh
        }
        return submission
    }

    private var parameters: JobParameters? {
        var parameters = JobParameters()
        parameters.codec = typed("codec")
        parameters.container = typed("container")
        parameters.resolution = typed("resolution")
        parameters.bitrate = typed("bitrate")
        parameters.frameRate = typed("frame-rate")
        var options: [String: String] = [:]
        for option in Options.encoding where !Self.ownFields.contains(option.name) {
            guard let values = settings.typed[option.name] else { continue }
            options[option.configurationKey] = option.isRepeatable ? ShellWords.joined(values) : values.last
        }
        parameters.options = options.isEmpty ? nil : options
        return parameters == JobParameters() ? nil : parameters
    }

    /// Encoding options that a submission has fields of their own for.
    private static let ownFields = ["codec", "container", "resolution", "bitrate", "frame-rate", "segment-duration"]

    private func typed(_ name: String) -> String? { settings.typed[name]?.last }

    private func refuseFileOptions() throws {
        for name in ["verify", "overwrite", "container"] where settings.given.contains(name) {
            throw CommandLineError(
                .contradiction, "`--\(name)` is about a file, and a stream is none.",
                advice: "Leave it out, or leave out --start-time and --mesh.")
        }
    }
}
