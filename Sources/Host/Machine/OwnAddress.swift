// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import Dispatch
internal import Glibc

/// This machine's address on the network.
package enum OwnAddress {
    /// The address from which this machine reaches another; sends nothing.
    ///
    /// - Parameter host: a name or an address. Looking a name up may take seconds.
    /// - Returns: `nil` when there is no way there.
    package static func reaching(_ host: String) async -> String? {
        await lookingUp { way(to: host) }
    }

    /// The addresses that a name stands for, as numbers; one that is an address already stands for itself.
    ///
    /// Looking a name up may take seconds.
    package static func addresses(of host: String) async -> Set<String> {
        await lookingUp { found(for: host) }
    }

    /// Runs what may wait for a name server for long.
    private static func lookingUp<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result {
        await withCheckedContinuation { continuation in
            DispatchQueue(label: "martlet host names").async { continuation.resume(returning: body()) }
        }
    }

    private static func way(to host: String) -> String? {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, "9", &hints, &list) == 0 else { return nil }
        defer { freeaddrinfo(list) }
        var next = list
        while let entry = next?.pointee {
            if let address = source(towards: entry) { return address }
            next = entry.ai_next
        }
        return nil
    }

    private static func found(for host: String) -> Set<String> {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        var found: Set<String> = []
        var next = list
        while let entry = next?.pointee {
            if let address = entry.ai_addr, let text = text(of: address, entry.ai_addrlen) { found.insert(text) }
            next = entry.ai_next
        }
        return found
    }

    private static func text(of address: UnsafePointer<sockaddr>, _ length: socklen_t) -> String? {
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        guard getnameinfo(address, length, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0 else {
            return nil
        }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// A datagram socket that is connected knows its own address, and nothing is sent for that.
    private static func source(towards entry: addrinfo) -> String? {
        let descriptor = socket(entry.ai_family, entry.ai_socktype | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        guard connect(descriptor, entry.ai_addr, entry.ai_addrlen) == 0 else { return nil }
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                getsockname(descriptor, address, &length) == 0 ? text(of: address, length) : nil
            }
        }
    }
}
