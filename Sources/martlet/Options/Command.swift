// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// What the program can be told to do.
enum Command: String, Sendable, CaseIterable {
    case transcode, plan, probe, verify, doctor, bench, completions

    /// One argument without a name.
    struct Argument: Sendable, Equatable {
        /// How it stands in help.
        var name: String
        /// Whether the command works without it.
        var isOptional = false
        /// What it is.
        var help: String
        /// Its values, where they can be listed.
        var choices: [String] = []
    }

    /// A command line and what it does.
    struct Example: Sendable, Equatable {
        /// What is typed.
        var line: String
        /// What it does.
        var meaning: String
    }

    /// What it does, in one line.
    var summary: String {
        switch self {
        case .transcode: "Encodes a film in parallel segments, joins them and proves the result"
        case .plan: "Shows what transcode would do, without encoding"
        case .probe: "Shows what a media file holds"
        case .verify: "Checks a finished film against its source"
        case .doctor: "Checks what this machine can do"
        case .bench: "Measures how fast this machine encodes"
        case .completions: "Prints completions for a shell"
        }
    }

    /// The arguments without names, in order.
    var arguments: [Argument] {
        switch self {
        case .transcode:
            [
                Argument(name: "INPUT", help: "The film."),
                Argument(name: "OUTPUT", help: "Where the result goes; its suffix names the container."),
            ]
        case .plan:
            [
                Argument(name: "FILE", help: "The film."),
                Argument(name: "OUTPUT", isOptional: true, help: "Where the result would go; only its suffix counts."),
            ]
        case .probe: [Argument(name: "FILE", help: "The media file.")]
        case .verify: [Argument(name: "OUTPUT", help: "The finished film.")]
        case .doctor, .bench: []
        case .completions:
            [Argument(name: "SHELL", help: "The shell.", choices: Shell.allCases.map(\.rawValue))]
        }
    }

    /// The options, in the order of help.
    var options: [Option] {
        switch self {
        case .transcode: Options.encoding + Options.work + [Options.json] + Options.loudness
        case .plan: Options.encoding + [Options.json] + Options.loudness
        case .probe: [Options.json] + Options.loudness
        case .verify: [Options.against, Options.full, Options.json] + Options.loudness
        case .doctor: [Options.inspectedDirectory, Options.json] + Options.loudness
        case .bench: [Options.duration, Options.measuredCodec, Options.json] + Options.loudness
        case .completions: []
        }
    }

    /// What is typed, and what it does.
    var examples: [Example] {
        switch self {
        case .transcode:
            [
                Example(
                    line: "martlet transcode film.mkv film.mp4", meaning: "H.264 and AAC, everything else carried over"),
                Example(
                    line: "martlet transcode film.mkv small.mkv --codec av1 --preset 8 --resolution 720p",
                    meaning: "AV1, 720 lines high"),
                Example(
                    line: "martlet transcode film.mkv film.mp4 --bitrate 4M --verify full",
                    meaning: "4 Mbit/s on average, decoded and compared at the end"),
            ]
        case .plan:
            [
                Example(
                    line: "martlet plan film.mkv", meaning: "the segments, the tracks and the first encoder command"),
                Example(line: "martlet plan film.mkv film.webm --json", meaning: "the same for programs"),
            ]
        case .probe: [Example(line: "martlet probe film.mkv", meaning: "streams, chapters, frames and key frames")]
        case .verify:
            [
                Example(line: "martlet verify film.mp4 --against film.mkv", meaning: "frames, times and streams"),
                Example(line: "martlet verify film.mp4 --against film.mkv --full", meaning: "and every picture"),
            ]
        case .doctor: [Example(line: "martlet doctor", meaning: "which encoders work here, and what is missing")]
        case .bench: [Example(line: "martlet bench --codec h264 --duration 10", meaning: "ten seconds at each size")]
        case .completions:
            [
                Example(line: "source <(martlet completions bash)", meaning: "in ~/.bashrc"),
                Example(line: "martlet completions zsh > ~/.zfunc/_martlet", meaning: "a directory of $fpath"),
                Example(
                    line: "martlet completions fish > ~/.config/fish/completions/martlet.fish",
                    meaning: "read by fish itself"),
            ]
        }
    }
}

/// A shell that completions can be printed for.
enum Shell: String, Sendable, CaseIterable {
    case bash, zsh, fish
}
