// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel

/// Everything that options can say, with the defaults of those that say nothing.
struct Settings: Sendable, Equatable {
    /// What is to be done with the picture and the sound.
    var parameters = TranscodeParameters()
    /// The codec, when one was named.
    var codec: CodecRequest?
    /// The sound's codec, when one was named.
    var audioCodec: AudioCodec?
    /// The container, when one was named.
    var container: ContainerFormat?
    /// Encoder options written as ffmpeg's command line.
    var ffmpegParameters: [EncoderOption] = []
    /// Encoder options given one by one.
    var videoOptions: [EncoderOption] = []
    /// Encodes at once; `0` by the machine.
    var workers = 0
    /// Added to the niceness of ffmpeg.
    var niceness = 0
    /// How urgent the job is.
    var priority: Priority = .normal
    /// How much the result is checked.
    var verification: VerificationLevel = .counts
    /// Where state and segments are kept.
    var workDirectory: String?
    /// Whether an output that exists is replaced.
    var overwrite = false
    /// Whether state and segments stay after success.
    var keepWork = false
    /// What the user calls the job.
    var name: String?
    /// Whether one JSON object a line is printed.
    var isJSON = false
    /// Whether only errors are printed.
    var isQuiet = false
    /// Whether more is printed.
    var isVerbose = false
    /// What an output is compared with.
    var against: String?
    /// Whether everything is decoded and compared.
    var isFull = false
    /// How long one measurement takes, in seconds.
    var measurementSeconds = 5.0
    /// What is simulated.
    var simulation = SimulationSettings()
    /// How the coordinator is reached.
    var connection = ConnectionSettings()
    /// What commands ask of a coordinator.
    var cluster = ClusterSettings()
    /// How a coordinator works.
    var serve = ServeSettings()
    /// How a worker works.
    var work = WorkSettings()
    /// How streams are served.
    var stream = StreamSettings()
    /// What was said about each option, as it was typed, by the option's name.
    var typed: [String: [String]] = [:]
    /// The names of the options that something was said about.
    var given: Set<String> = []
}
