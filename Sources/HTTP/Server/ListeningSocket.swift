// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import Glibc

/// A socket that takes connections.
struct ListeningSocket {
    /// It, not blocking.
    let descriptor: Int32
    /// The port that it has.
    let port: Int

    /// Binds to `host` and `port`.
    ///
    /// - Throws: `HTTPError` (`cannotListen`).
    init(host: String, port: Int, backlog: Int32) throws {
        func refusal(_ reason: String, advice: String? = nil) -> HTTPError {
            HTTPError(.cannotListen, "Cannot listen on \(host), port \(port): \(reason).", advice: advice)
        }
        guard (0...65535).contains(port) else { throw refusal("there is no such port") }
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        let failure = getaddrinfo(host, String(port), &hints, &list)
        guard failure == 0, let first = list else { throw refusal(String(cString: gai_strerror(failure))) }
        defer { freeaddrinfo(list) }
        // A name such as `localhost` has several addresses; the older family is what clients try and proxies name.
        let address = sequence(first: first, next: \.pointee.ai_next).first { $0.pointee.ai_family == AF_INET } ?? first

        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(address.pointee.ai_family, type, 0)
        guard descriptor >= 0 else { throw refusal(String(cString: strerror(errno))) }
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        guard bind(descriptor, address.pointee.ai_addr, address.pointee.ai_addrlen) == 0,
            listen(descriptor, backlog) == 0
        else {
            let (reason, isTaken) = (String(cString: strerror(errno)), errno == EADDRINUSE)
            close(descriptor)
            throw refusal(
                reason, advice: isTaken ? "Stop the program that has this port, or choose another one." : nil)
        }
        self.descriptor = descriptor
        self.port = SocketAddress.port(of: descriptor)
    }
}

/// Addresses of sockets in words.
enum SocketAddress {
    /// The port that a bound socket has; 0 for one that has none.
    static func port(of descriptor: Int32) -> Int {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &storage) { storage in
            storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                guard getsockname(descriptor, address, &length) == 0 else { return 0 }
                return UnsafeRawPointer(address).withMemoryRebound(to: sockaddr_in.self, capacity: 1) { address in
                    // The port stands at the same place for both families.
                    Int(UInt16(bigEndian: address.pointee.sin_port))
                }
            }
        }
    }

    /// The numeric address, without a port; an IPv4 address within IPv6 as IPv4.
    static func text(_ address: UnsafePointer<sockaddr>) -> String {
        let length =
            address.pointee.sa_family == sa_family_t(AF_INET6)
            ? MemoryLayout<sockaddr_in6>.size : MemoryLayout<sockaddr_in>.size
        var buffer = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        guard getnameinfo(address, socklen_t(length), &buffer, socklen_t(buffer.count), nil, 0, NI_NUMERICHOST) == 0
        else { return "" }
        let text = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return text.hasPrefix("::ffff:") ? String(text.dropFirst(7)) : text
    }
}
