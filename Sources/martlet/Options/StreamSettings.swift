// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel

/// What options say about a server of streams.
struct StreamSettings: Sendable, Equatable {
    /// The address that it listens on.
    var host = "127.0.0.1"
    /// The port that it listens on; `0` for any that is free.
    var port = 8080
    /// Where segments are kept.
    var cacheDirectory: String?
    /// How many bytes of them at the most.
    var cacheLimit = 20_000_000_000
    /// What the node is called; the host's name when missing.
    var name: String?
    /// The Redis through which nodes share their work.
    var redisURL: String?
    /// How long a claim is valid without being renewed, in milliseconds.
    var claimMilliseconds: Int64 = 60_000
    /// Whether a node without Redis works on alone.
    var fallsBack = true
    /// What the picture is encoded in.
    var codec = VideoCodec.h264
    /// How segments are wrapped.
    var container = SegmentContainer.mp4
    /// The wanted length of a segment, in milliseconds.
    var segmentMilliseconds: Int64 = 4_000
    /// How many segments are made at once; `0` by processors.
    var slots = 0
    /// How many requests a second one address may make; `0` for any number.
    var requestsPerSecond = 200
}
