// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import FoundationEssentials
internal import MartletModel

/// Where a Redis is, and who is to be let in.
///
/// `redis://[[user]:password@]host[:port][/database]`, or `unix:///path[?db=database]` for a socket of this machine.
/// `rediss://` is the same over TLS, where wanted with `?cacert=path` (the authority that signs for the server, else those
/// of the system), `cert=path` and `key=path` (what the server is shown), all PEM. What a URL reserves is percent-encoded.
package struct RedisAddress: Sendable, Equatable, CustomStringConvertible {
    /// How it is reached.
    enum Place: Sendable, Equatable {
        case host(String, port: Int)
        case socket(path: String)
    }

    /// What is encrypted with.
    struct Encryption: Sendable, Equatable {
        /// The file of the authority that signs for the server; `nil` for those that the system trusts.
        var authority: String?
        /// The file of the certificate that the server is shown.
        var certificate: String?
        /// The file of its key; `nil` where both are in one.
        var key: String?
    }

    let place: Place
    /// `nil` for none.
    let encryption: Encryption?
    let user: String?
    let password: String?
    let database: Int

    /// Reads a URL.
    ///
    /// - Throws: `RedisError`: `badAddress`.
    package init(_ url: String) throws {
        let form = "redis://[user:password@]host[:6379][/0], rediss:// for TLS, or unix:///path/of/socket[?db=0]"
        guard let parts = URLComponents(string: url), let scheme = parts.scheme?.lowercased() else {
            throw RedisError(.badAddress, "this is no address of a Redis", advice: "It looks like \(form).")
        }
        let database: Substring
        switch scheme {
        case "redis", "rediss":
            place = .host(
                parts.host.flatMap { $0.isEmpty ? nil : Self.bare($0) } ?? "127.0.0.1", port: parts.port ?? 6379)
            database = parts.path.drop { $0 == "/" }
        case "unix", "redis+unix":
            guard !parts.path.isEmpty else {
                throw RedisError(.badAddress, "no socket's path is in the address", advice: "It looks like \(form).")
            }
            place = .socket(path: parts.path)
            database = (parts.queryItems?.first { $0.name == "db" }?.value ?? "")[...]
        default:
            throw RedisError(
                .badAddress, "\(scheme):// is no address of a Redis", advice: "It looks like \(form).")
        }
        guard let number = database.isEmpty ? 0 : Int(database), number >= 0 else {
            throw RedisError(.badAddress, "\(database) is no number of a database", advice: "It looks like \(form).")
        }
        func field(_ name: String) -> String? {
            parts.queryItems?.first { $0.name == name }?.value.flatMap { $0.isEmpty ? nil : $0 }
        }
        let files = Encryption(authority: field("cacert"), certificate: field("cert"), key: field("key"))
        guard scheme == "rediss" || files == Encryption() else {
            throw RedisError(
                .badAddress, "\(scheme):// takes no certificates", advice: "Write rediss:// for TLS.")
        }
        encryption = scheme == "rediss" ? files : nil
        self.database = number
        user = parts.user.flatMap { $0.isEmpty ? nil : $0 }
        password = parts.password
    }

    /// The host; `nil` for a socket of this machine.
    package var host: String? { if case .host(let host, _) = place { host } else { nil } }

    /// The place, without anything secret.
    package var description: String {
        switch place {
        case .host(let host, let port): Authority(host, port: port).description
        case .socket(let path): path
        }
    }

    private static func bare(_ host: String) -> String {
        host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
    }
}
