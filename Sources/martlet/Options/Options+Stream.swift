// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel

extension Options {
    /// How streams are served.
    static let streaming: [Option] = [
        Option(
            "host", .host, .service, "The address to listen on; 0.0.0.0 lets other machines watch.",
            default: "127.0.0.1", into: \.stream.host),
        Option(
            "port", .integer(0...65535, "PORT"), .service, "The port to listen on; 0 takes a free one.",
            default: "8080", into: \.stream.port),
        Option(
            "worker-id", .workerName, .service,
            "What this node is called; no two that share a cache directory may be called the same.",
            default: "the host's name", into: \.stream.name),
        Option(
            "redis-url", .text("URL"), .service,
            "The Redis through which nodes share their work: redis://host:6379, rediss:// for TLS, or unix:///path of a socket.",
            into: \.stream.redisURL),
        Option(
            "claim-ttl", .milliseconds(1...3600), .service,
            "After how long without being renewed the right to make a segment ends. A node that dies is replaced after 6 s, or after this time where that is less.",
            default: "60", into: \.stream.claimMilliseconds),
        Option(
            "fallback-to-local", .yesOrNo, .service,
            "Whether a node that does not reach Redis works on alone, and does not refuse what is not there.",
            default: "true", into: \.stream.fallsBack),
        Option(
            "slots", .integer(0...256), .service, "How many segments are made at once; 0 goes by processors.",
            default: "0", into: \.stream.slots),
        Option(
            "rate-limit", .integer(0...1_000_000), .service,
            "How many requests a second one address may make; for a moment five times as many. 0 sets no limit, as for a server behind a proxy.",
            default: "200", into: \.stream.requestsPerSecond),
        Option(
            "codec", .streamCodec, .picture,
            "What the picture is encoded in: h264 plays everywhere.", default: "h264", into: \.stream.codec),
        hardware,
        Option(
            "container", .choice(["mp4", "ts"]) { SegmentContainer(rawValue: $0) }, .segments,
            "How segments are wrapped: fragmented MP4, or MPEG-TS for old players.", default: "mp4",
            into: \.stream.container),
        Option(
            "segment-duration", .milliseconds(0.5...30), .segments,
            "The wanted length of a segment; the first ones are shorter.", default: "4",
            into: \.stream.segmentMilliseconds),
        Option(
            "cache-directory", .directory, .files,
            "Where segments are kept; several nodes may share it.", default: "~/.cache/martlet/hls",
            into: \.stream.cacheDirectory),
        Option(
            "cache-limit", .bytes((64 << 20)...(1 << 50)), .files,
            "How much may be kept there; what was not watched for longest goes first.", default: "20G",
            into: \.stream.cacheLimit),
        Option(
            "token", .text("TOKEN"), .access,
            "What viewers must send to be let in: in the header, or as access_token in the address. Better set in the environment or by --token-file.",
            into: \.connection.token),
        Option(
            "token-file", .file, .access,
            "A file of tokens, one a line, where wanted with its end: TOKEN,2030-01-31T00:00:00Z. Excludes --token.",
            into: \.connection.tokenFile),
    ]
}

extension ValueForm where Value == VideoCodec {
    /// A codec of streams.
    fileprivate static var streamCodec: ValueForm {
        let codecs: [VideoCodec] = [.h264, .hevc, .av1]
        return choice(codecs.map(\.rawValue)) { text in codecs.first { $0.rawValue == text } }
    }
}
