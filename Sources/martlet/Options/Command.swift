// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// What the program can be told to do.
enum Command: String, Sendable, CaseIterable {
    case transcode, plan, probe, verify
    case serve, work, stream
    case submit, jobs, job, cancel, retry, watch, workers, drain
    case doctor, bench, simulate, completions

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
        /// Whether it is a path.
        var isPath = true
    }

    /// Whether it runs until it is told to stop, for others.
    var isServer: Bool { [.serve, .work, .stream].contains(self) }

    /// What it does, in one line.
    var summary: String {
        switch self {
        case .transcode: "Encodes a film in parallel segments, joins them and proves the result"
        case .plan: "Shows what transcode would do, without encoding"
        case .probe: "Shows what a media file holds"
        case .verify: "Checks a finished film against its source"
        case .serve: "Runs a coordinator: takes jobs in, and has workers do them"
        case .work: "Makes this machine a worker of a cluster"
        case .stream: "Serves films as streams that are encoded while they are watched"
        case .submit: "Gives a job to a cluster"
        case .jobs: "Lists the jobs of a cluster"
        case .job: "Shows a job of a cluster, its tasks and their attempts"
        case .cancel: "Cancels a job of a cluster"
        case .retry: "Takes up a job again that failed or was cancelled"
        case .watch: "Shows how far a job is, or everything that happens on a cluster"
        case .workers: "Lists the workers of a cluster"
        case .drain: "Lets a worker end what it runs, and gives it no new work"
        case .doctor: "Checks what this machine can do"
        case .bench: "Measures how fast this machine encodes"
        case .simulate: "Shows how well a film would be spread over machines, in virtual time"
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
        case .stream: [Argument(name: "PATH", help: "A film, or a directory of films.")]
        case .submit:
            [
                Argument(name: "INPUT", help: "The film: ROOT:path, or an absolute path in a media root."),
                Argument(
                    name: "OUTPUT", help: "Where the result goes, written likewise; its suffix names the container."),
            ]
        case .job, .cancel, .retry: [Self.jobArgument]
        case .watch:
            [
                Argument(
                    name: "ID", isOptional: true, help: Self.jobArgument.help + " Without it, everything is shown.",
                    isPath: false)
            ]
        case .drain: [Argument(name: "WORKER", help: "The worker's name, or the beginning of it.", isPath: false)]
        case .serve, .work, .jobs, .workers, .doctor, .bench, .simulate: []
        case .completions:
            [Argument(name: "SHELL", help: "The shell.", choices: Shell.allCases.map(\.rawValue), isPath: false)]
        }
    }

    private static let jobArgument = Argument(
        name: "ID", help: "The job, or the beginning of its name where that fits no other.", isPath: false)

    /// The options, in the order of help.
    var options: [Option] {
        switch self {
        case .transcode:
            Options.encoding + Options.work + [Options.chosenCoordinator] + Options.access + [Options.json]
                + Options.loudness
        case .plan: Options.encoding + [Options.json] + Options.loudness
        case .probe: [Options.json] + Options.loudness
        case .verify: [Options.against, Options.full, Options.json] + Options.loudness
        case .serve: Options.serving + [Options.json] + Options.loudness
        case .work: Options.working + [Options.json] + Options.loudness
        case .stream: Options.streaming + [Options.json] + Options.loudness
        case .submit:
            Options.encoding + Options.submission + Options.connection + [Options.json] + Options.loudness
        case .jobs: Options.listing + Options.connection + [Options.json] + Options.loudness
        case .job, .cancel, .retry, .watch, .workers, .drain:
            Options.connection + [Options.json] + Options.loudness
        case .doctor: [Options.inspectedDirectory, Options.json] + Options.loudness
        case .simulate: Options.simulation + [Options.json] + Options.loudness
        case .bench: [Options.duration, Options.measuredCodec, Options.json] + Options.loudness
        case .completions: []
        }
    }
}

/// A shell that completions can be printed for.
enum Shell: String, Sendable, CaseIterable {
    case bash, zsh, fish
}
