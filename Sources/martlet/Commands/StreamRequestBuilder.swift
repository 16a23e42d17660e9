// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import FoundationEssentials
import MartletCoordinator
import MartletModel
import MartletRedisStore

/// Turns settings into what a server of streams is to do.
struct StreamRequestBuilder {
    /// What options say.
    var settings: Settings
    /// What is to be served.
    var path: String
    /// The environment, for the place of the cache and the name of the node.
    var environment: [String: String]

    /// The request.
    ///
    /// - Throws: `CommandLineError`; what `AccessTokens` and `RedisAddress` throw.
    func request() throws -> StreamRequest {
        var stream = settings.stream
        if stream.name == nil, let host = environment["HOSTNAME"] { stream.name = ValueForm.workerName.read(host) }
        let served = FilePath(path).text
        guard FileManager.default.fileExists(atPath: served) else {
            throw CommandLineError(
                .inputMissing, "There is no file and no directory \(path).",
                advice: "Check the path and its permissions.")
        }
        return StreamRequest(
            settings: stream, path: served, tokens: try AccessTokens.named(by: settings.connection),
            hardware: settings.parameters.hardware, cacheDirectory: try cacheDirectory(stream),
            redis: try redis(stream))
    }

    private func redis(_ stream: StreamSettings) throws -> RedisAddress? {
        guard let url = stream.redisURL ?? environment["REDIS_URL"], !url.isEmpty else { return nil }
        return try RedisAddress(url)
    }

    private func cacheDirectory(_ stream: StreamSettings) throws -> String {
        if let directory = stream.cacheDirectory { return FilePath(directory).text }
        if let place = environment["XDG_CACHE_HOME"], place.hasPrefix("/") { return place + "/martlet/hls" }
        guard let home = environment["HOME"], home.hasPrefix("/") else {
            throw CommandLineError(
                .missingValue, "There is no home directory to keep segments in.",
                advice: "Add `--cache-directory DIRECTORY`.")
        }
        return home + "/.cache/martlet/hls"
    }
}
