// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

extension Options {
    /// How a coordinator works.
    static let serving: [Option] = [
        Option(
            "host", .host, .service, "The address to listen on; any but loopback wants a token.",
            default: "127.0.0.1", into: \.serve.host),
        Option(
            "port", .integer(0...65535, "PORT"), .service, "The port to listen on; 0 takes a free one.",
            default: "8090", into: \.serve.port),
        Option(
            flag: "with-worker", .service, "Also works itself, with ffmpeg on this machine.", into: \.serve.works),
        Option(
            "data-directory", .directory, .files, "Where jobs, what they have made and uploads are kept.",
            default: "~/.local/share/martlet", into: \.serve.dataDirectory),
        Option(
            "media-root", .namedDirectory, .files,
            "A directory that jobs may read and write, as NAME:path; nothing outside is touched.",
            appendingTo: \.serve.roots),
        Option(
            "file-name-output", .fileName, .files, "What an output is called where a job names only its directory.",
            default: "as the source", into: \.serve.outputName),
        Option(
            "required-clients", .integer(0...10_000), .cluster, "How many workers must be there before a job begins.",
            default: "1", into: \.serve.requiredWorkers),
        Option(
            "max-concurrent-jobs", .integer(1...10_000), .cluster, "How many jobs are worked on at once.",
            default: "10", into: \.serve.concurrentJobs),
        Option(
            "max-retries", .integer(0...100), .cluster, "How often a task is tried again before its job fails.",
            default: "3", into: \.serve.retries),
        Option(
            "retry-delay", .number(0...3600, "SECONDS"), .cluster,
            "The wait before a task is tried again; it grows with each try.", default: "5", into: \.serve.retryDelay),
        Option(
            "heartbeat-timeout", .number(1...3600, "SECONDS"), .cluster,
            "How long a worker may be silent before its tasks go to others.", default: "30",
            into: \.serve.heartbeatTimeout),
        Option(
            "chunk-size", .bytes(4096...(64 << 20)), .cluster, "The most bytes of one part of a transfer.",
            default: "1Mi", into: \.serve.chunkSize),
        Option(
            "benchmark-duration", .number(0...600, "SECONDS"), .cluster,
            "How long its own worker measures itself when it begins; 0 leaves it out.", default: "10",
            into: \.serve.benchmarkSeconds),
        Option(
            "exactly", .yesOrNo, .cluster,
            "Whether every result is compared with its source, frame by frame, where the job does not say --verify.",
            default: "true", into: \.serve.isExact),
        Option(
            "ffmpeg-params", .ffmpegParameters, .cluster,
            "Encoder options of jobs that name none, written as for ffmpeg.",
            into: \.ffmpegParameters),
        Option(
            "callback-secret", .text("SECRET"), .access,
            "What calls to a job's callback URL are signed with (HMAC-SHA-256). Better set in the environment or the configuration file.",
            into: \.serve.callbackSecret),
        Option(
            "token", .text("TOKEN"), .access,
            "What clients and workers must send to be let in. Better set in the environment or by --token-file.",
            into: \.connection.token),
        Option(
            "token-file", .file, .access,
            "A file of tokens, one a line, where wanted with its end: TOKEN,2030-01-31T00:00:00Z. Excludes --token.",
            into: \.connection.tokenFile),
        Option(
            "tls-certificate", .file, .access, "A PEM file with the certificate; makes it HTTPS.",
            into: \.serve.certificate),
        Option("tls-key", .file, .access, "A PEM file with the key of the certificate.", into: \.serve.key),
        Option(
            "tls-client-ca", .file, .access,
            "A PEM file with the authorities whose clients and workers alone are let in.",
            into: \.serve.clientAuthority),
    ]

    /// How a worker works.
    static let working: [Option] =
        [
            coordinator,
            Option(
                "server-ip", .host, .coordinator, "The coordinator's address, another way to say --coordinator.",
                into: \.work.serverAddress),
            Option(
                "server-port", .integer(1...65535, "PORT"), .coordinator, "The coordinator's port, with --server-ip.",
                default: "8090", into: \.work.serverPort),
        ] + access + [
            Option(
                "worker-id", .workerName, .service, "What the worker is called.", default: "the host's name",
                into: \.work.name),
            Option(
                "slots", .integer(0...256), .service, "How many tasks run at once; 0 goes by processors and memory.",
                default: "0", into: \.work.slots),
            Option(
                "benchmark-duration", .number(0...600, "SECONDS"), .service,
                "How long the worker measures itself when it begins; 0 leaves it out.", default: "10",
                into: \.work.benchmarkSeconds),
            Option(
                "persistent", .yesOrNo, .service, "Whether it connects again whenever the coordinator is gone.",
                default: "true", into: \.work.isPersistent),
            Option(
                "reconnect-delay", .number(0...3600, "SECONDS"), .service,
                "The wait before it connects again, after a first quick try; it doubles up to 30 s while nobody answers.",
                default: "3", into: \.work.reconnectDelay),
            Option(
                "yield-above-cpu", .number(1...100, "PERCENT"), .service,
                "Takes no new work while other programs use more of the processors than this; what runs gives way to "
                    + "them, by a niceness of 10 at least.",
                default: "never", into: \.work.yieldAbove),
            Option(
                "stall-timeout", .number(1...86_400, "SECONDS"), .service,
                "How long ffmpeg may make no progress before it is ended and its task tried again.", default: "120",
                into: \.work.stallSeconds),
            hardware, nice,
            Option(
                "media-root", .namedDirectory, .files,
                "A directory that this machine shares with the coordinator: its films are read here, not sent.",
                appendingTo: \.work.roots),
            Option(
                "temp-directory", .directory, .files, "Where films and results are kept while they are worked on.",
                default: "TMPDIR or /var/tmp", into: \.work.temporaryDirectory),
            Option(
                "http-port", .integer(0...65535, "PORT"), .service,
                "The port of the worker's own streams; 0 takes a free one.",
                default: "8080", into: \.work.httpPort),
        ]
}
