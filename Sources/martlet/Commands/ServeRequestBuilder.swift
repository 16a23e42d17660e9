// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import FoundationEssentials
import MartletCoordinator
import MartletModel

/// Turns settings into what a coordinator is to do; finds what contradicts itself or would be unsafe.
struct ServeRequestBuilder {
    /// What options say.
    var settings: Settings
    /// The environment, for the place of the data.
    var environment: [String: String]

    /// The request.
    ///
    /// - Throws: `CommandLineError`; what `AccessTokens` throws.
    func request() throws -> ServeRequest {
        let tokens = try AccessTokens.named(by: settings.connection)
        let serve = settings.serve
        try checkTLS(serve)
        try checkRoots(serve.roots)
        guard tokens != nil || Self.isLoopback(serve.host) else {
            throw CommandLineError(
                .missingValue, "`--host \(serve.host)` lets other machines in, and no token keeps strangers out.",
                advice:
                    "Add `--token-file FILE`, or set MARTLET_TOKEN; `head -c 24 /dev/urandom | base64` makes a token.")
        }
        return ServeRequest(
            settings: serve, encoderOptions: settings.ffmpegParameters, tokens: tokens,
            directory: try directory(serve))
    }

    private func checkTLS(_ serve: ServeSettings) throws {
        for path in [serve.certificate, serve.key, serve.clientAuthority].compactMap({ $0 })
        where !FileManager.default.isReadableFile(atPath: path) {
            throw Self.unreadable(path)
        }
        guard (serve.certificate == nil) == (serve.key == nil) else {
            let (given, missing) =
                serve.key == nil ? ("tls-certificate", "tls-key") : ("tls-key", "tls-certificate")
            throw CommandLineError(
                .missingValue, "`--\(given)` stands without `--\(missing)`.", advice: "HTTPS needs both.")
        }
        if serve.clientAuthority != nil, serve.certificate == nil {
            throw CommandLineError(
                .missingValue, "`--tls-client-ca` stands without a certificate of the coordinator's own.",
                advice: "Add `--tls-certificate` and `--tls-key`.")
        }
    }

    private func checkRoots(_ roots: [NamedDirectory]) throws {
        var names: Set<String> = ["uploads"]
        for root in roots {
            guard names.insert(root.name).inserted else {
                throw CommandLineError(
                    .contradiction,
                    root.name == "uploads"
                        ? "The media root `uploads` is the coordinator's own."
                        : "Two media roots are called `\(root.name)`.",
                    advice: "Give each a name of its own.")
            }
            var isDirectory = false
            guard FileManager.default.fileExists(atPath: root.path, isDirectory: &isDirectory), isDirectory else {
                throw CommandLineError(
                    .badValue, "The media root \(root.path) is no directory.",
                    advice: "Make it, or mount what should be there.")
            }
        }
    }

    private func directory(_ serve: ServeSettings) throws -> String {
        if let directory = serve.dataDirectory { return FilePath(directory).text }
        if let place = environment["XDG_DATA_HOME"], place.hasPrefix("/") { return place + "/martlet" }
        guard let home = environment["HOME"], home.hasPrefix("/") else {
            throw CommandLineError(
                .missingValue, "There is no home directory to keep jobs in.",
                advice: "Add `--data-directory DIRECTORY`.")
        }
        return home + "/.local/share/martlet"
    }

    /// Whether only this machine can reach an address.
    static func isLoopback(_ host: String) -> Bool {
        if host == "localhost" || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    private static func unreadable(_ path: String) -> CommandLineError {
        CommandLineError(
            .badValue, "The file \(path) cannot be read.", advice: "Check its path and its permissions.")
    }
}
