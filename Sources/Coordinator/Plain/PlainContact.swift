// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel
internal import MartletWire

/// Where a plain worker is reached, as its heartbeat says.
struct PlainContact: Sendable, Equatable {
    /// An address or a name.
    var host: String
    /// The port of its HTTP server.
    var port: Int
    var os: String?

    /// Where a worker listens that does not say on which port.
    private static let usualPort = 8080

    /// Reads a heartbeat.
    ///
    /// - Parameter peer: where it came from.
    /// - Throws: `APIError` `badField`.
    init(_ heartbeat: PlainHeartbeat, from peer: String) throws {
        host = heartbeat.ipAddress ?? peer
        port = heartbeat.port ?? Self.usualPort
        os = heartbeat.os
        // It becomes part of addresses that are called.
        let isHost = host.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: ":"), UInt8(ascii: "-"),
                UInt8(ascii: "_"):
                true
            default: false
            }
        }
        guard isHost, !host.isEmpty, host.utf8.count <= 253 else {
            throw APIError.badField("ip_address", "an address or a host's name is wanted.")
        }
        guard (1...65_535).contains(port) else { throw APIError.badField("port", "1 to 65535 is wanted.") }
    }

    /// Host and port as an address has them.
    var authority: String { Authority(host, port: port).description }

    /// The address of a path at the worker.
    func url(_ path: String) -> String { "http://\(authority)\(path)" }

    /// Whether an address leads to this worker's host.
    func isHost(of url: String) -> Bool { Authority(of: url).host == host }
}
