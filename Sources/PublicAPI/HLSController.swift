// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletAssembly
internal import Synchronization

/// Streams films on demand as HLS: segments are encoded when a player asks for them.
///
/// ```swift
/// let hls = HLSController(cacheDirectory: "/var/cache/hls")
/// let url = try await hls.start(serving: "/srv/movies")
/// print("\(url)/hls/film.mkv/master.m3u8")
/// ```
///
/// Any number of controllers, in processes on any machines, may share one cache
/// directory, one Redis, or both: each segment is then made by one of them.
/// Encodes run `ffmpeg`, which must be installed.
public final class HLSController: Sendable {
    /// How several controllers share their work.
    public struct Distributed: Sendable, Hashable {
        /// Whether they do, default `true`: as soon as there is a Redis.
        public var enabled: Bool
        /// The Redis through which they know of each other, such as `redis://redis:6379`; `nil` takes the variable
        /// `REDIS_URL`, and without that this controller works alone.
        public var redisURL: String?
        /// What this one is called, letters, digits, `.`, `-` and `_`; `nil` takes the host's name.
        public var workerID: String?
        /// How long the right to make a part lasts without being renewed, default 60 s. One of them that dies is replaced
        /// after 6 s, or after this time where that is less.
        public var claimTTL: Duration
        /// Whether it goes on alone while Redis cannot be reached, default `true`.
        public var fallbackToLocal: Bool

        /// Makes a configuration.
        public init(
            enabled: Bool = true, redisURL: String? = nil, workerID: String? = nil,
            claimTTL: Duration = .seconds(60), fallbackToLocal: Bool = true
        ) {
            self.enabled = enabled
            self.redisURL = redisURL
            self.workerID = workerID
            self.claimTTL = claimTTL
            self.fallbackToLocal = fallbackToLocal
        }
    }

    /// How streams are made and kept.
    public struct Options: Sendable, Hashable {
        /// What the picture is encoded in.
        public enum Codec: String, Sendable, Hashable, CaseIterable {
            case h264, hevc, av1
        }

        /// How segments are wrapped.
        public enum Container: String, Sendable, Hashable, CaseIterable {
            /// Fragmented MP4.
            case mp4
            /// MPEG-TS.
            case ts
        }

        /// What the picture is encoded in, default H.264.
        public var codec = Codec.h264
        /// How segments are wrapped, default fragmented MP4.
        public var container = Container.mp4
        /// The wanted length of a segment, 0.5 to 30 s, default 4 s; the first ones are shorter.
        public var segmentDuration: Duration = .seconds(4)
        /// The most bytes that are kept, default 20 GB.
        public var cacheLimit: Int64 = 20_000_000_000
        /// How many segments are made at once; 0 goes by processors.
        public var slots = 0
        /// The path of ffmpeg; `nil` looks in `PATH`.
        public var ffmpeg: String?
        /// The path of the program `martlet`, which then reads films in processes of its own, so that a file that crashes
        /// FFmpeg's libraries does no harm; `nil` reads them in this process.
        public var mediaProgram: String?

        /// Makes the default options.
        public init() {}
    }

    private enum Phase {
        case idle
        case running(StreamService)
        case stopped
    }

    private let cacheDirectory: String
    private let distributed: Distributed
    private let options: Options
    private let phase = Mutex(Phase.idle)

    /// Makes a controller that does nothing yet.
    ///
    /// - Parameter cacheDirectory: where segments are kept; nodes may share it.
    public init(cacheDirectory: String, distributed: Distributed = .init(), options: Options = .init()) {
        self.cacheDirectory = Coordinator.absolute(cacheDirectory)
        self.distributed = distributed
        self.options = options
    }

    deinit {
        // What nobody can reach any more ends in the background.
        if case .running(let service) = phase.withLock(\.self) { Task { await service.stop() } }
    }

    /// Serves a film, or every film below a directory.
    ///
    /// A controller is started once, and not again after it was stopped.
    ///
    /// - Parameters:
    ///   - path: the film or the directory.
    ///   - port: the port to listen on; 0 takes a free one.
    /// - Returns: the address, where there is a page to watch in. Films are at `/hls/PATH/master.m3u8` below it, and
    ///   `/library.json` lists them.
    /// - Throws: `MartletError` when there is no ffmpeg, the port is taken, or a directory cannot be used.
    public func start(serving path: String, host: String = "127.0.0.1", port: Int = 0) async throws -> String {
        guard case .idle = phase.withLock(\.self) else {
            throw MartletError(
                code: "library.wrong_state", message: "The controller was started already.", advice: "Make another one."
            )
        }
        do {
            let service = try await StreamMachinery(
                cacheDirectory: cacheDirectory, distributed: distributed, options: options
            ).start(serving: Coordinator.absolute(path), host: host, port: port)
            phase.withLock { $0 = .running(service) }
            return service.url
        } catch {
            throw MartletError(error)
        }
    }

    /// Stops: running encodes are ended, and what was made is kept.
    public func stop() async {
        let service = phase.withLock { phase in
            defer { phase = .stopped }
            if case .running(let service) = phase { return service as StreamService? }
            return nil
        }
        await service?.stop()
    }
}
