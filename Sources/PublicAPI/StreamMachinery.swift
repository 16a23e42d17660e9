// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import FoundationEssentials
internal import MartletAssembly
internal import MartletFFmpeg
internal import MartletHost
internal import MartletMedia
internal import MartletMediaChild
internal import MartletModel
internal import MartletPorts
internal import MartletRedisStore
internal import MartletStreaming

/// What a server of streams is put together of, when a program asks for it.
struct StreamMachinery {
    /// Where segments are kept; absolute.
    let cacheDirectory: String
    /// How it shares its work.
    let distributed: HLSController.Distributed
    /// How streams are made.
    let options: HLSController.Options

    private var environment: [String: String] { ProcessInfo.processInfo.environment }

    /// Begins to serve.
    ///
    /// - Parameter path: the film or the directory; absolute.
    func start(serving path: String, host: String, port: Int) async throws -> StreamService {
        let facts = MachineProbe().facts()
        let name = distributed.workerID ?? environment["HOSTNAME"] ?? facts.hostName
        guard CacheName.isPlain(name) else {
            throw MartletError(
                code: "library.bad_worker_id", message: "\"\(name)\" cannot be the name of a node.",
                advice: "Use letters, digits, `.`, `-` and `_`.")
        }
        var configuration = StreamService.Configuration(path: path, cacheDirectory: cacheDirectory, name: name)
        configuration.cacheLimit = ByteCount(options.cacheLimit)
        configuration.host = host
        configuration.port = port
        configuration.redis = try redis()
        configuration.fallsBack = distributed.fallbackToLocal
        configuration.claimTime = distributed.claimTTL
        configuration.codec = VideoCodec(rawValue: options.codec.rawValue) ?? .h264
        configuration.container = SegmentContainer(rawValue: options.container.rawValue) ?? .mp4
        configuration.segmentMilliseconds = options.segmentDuration.nanoseconds / 1_000_000
        configuration.slots = options.slots
        return try await StreamService(configuration, with: tools(processors: facts.processors))
    }

    private func redis() throws -> RedisAddress? {
        guard distributed.enabled, let url = distributed.redisURL ?? environment["REDIS_URL"], !url.isEmpty else {
            return nil
        }
        return try RedisAddress(url)
    }

    private func tools(processors: Int) throws -> StreamService.Tools {
        let (files, time, launcher) = (LocalFiles(), SystemTime(), ProcessRunner())
        let program =
            try options.ffmpeg.map { FFmpegProgram(path: $0) } ?? FFmpegProgram.locate(environment: environment)
        let reader: any MediaProber & SoundScanner =
            options.mediaProgram.map { executable in
                ChildMedia(
                    executable: executable, launcher: launcher, time: time, files: files, cacheDirectory: nil)
            } ?? MediaReader(files: files, cacheDirectory: nil)
        return StreamService.Tools(
            encoder: FFmpegRunner(program: program, launcher: launcher, time: time),
            catalog: FFmpegCatalog(program: program, launcher: launcher, time: time, cacheDirectory: nil),
            reader: reader, time: time, processors: processors)
    }
}
