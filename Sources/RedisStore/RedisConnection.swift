// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CHiredis
internal import Glibc

/// One connection that never waits, but for the name of its host. Used by one thread.
///
/// Source: <https://github.com/redis/hiredis/tree/v0.14.1>
final class RedisConnection {
    private let context: UnsafeMutablePointer<redisContext>
    private let address: RedisAddress
    private var encryption: RedisEncryption?
    /// What is to be encrypted and sent.
    private var outgoing: [UInt8] = []

    /// Begins to connect; `isOpen` says when that is done.
    init(to address: RedisAddress) throws(RedisError) {
        let made =
            switch address.place {
            case .host(let host, let port): redisConnectNonBlock(host, Int32(clamping: port))
            case .socket(let path): redisConnectUnixNonBlock(path)
            }
        guard let made else { throw RedisError(.unreachable, "there is no memory for a connection to Redis") }
        context = made
        self.address = address
        guard made.pointee.err == 0 else { throw failure(.unreachable) }
    }

    deinit { redisFree(context) }

    /// For `poll`.
    var descriptor: Int32 { context.pointee.fd }

    /// Looks whether the connection came about, after it became writable.
    func confirm() throws(RedisError) {
        var reason: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &reason, &size) == 0, reason == 0 else {
            throw RedisError.unreachable(address, String(cString: strerror(reason)))
        }
        if let settings = address.encryption, let host = address.host {
            encryption = try RedisEncryption(of: descriptor, to: host, by: settings, at: address)
        }
    }

    /// Goes on with the beginning of TLS, after `confirm`; what `poll` has to wait for, 0 when it is done.
    func shakeHands() throws(RedisError) -> Int32 {
        switch try encryption?.shakeHands() {
        case .toRead: POLLIN
        case .toWrite: POLLOUT
        case nil: 0
        }
    }

    /// Puts a command behind those that are to be sent.
    func append(_ arguments: [String]) throws(RedisError) {
        let bytes = arguments.map { Array($0.utf8) }
        let lengths = bytes.map(\.count)
        let isDone = Array(bytes.joined()).withUnsafeBytes { all -> Bool in
            var start = 0
            var pointers: [UnsafePointer<CChar>?] = lengths.map { length in
                defer { start += length }
                return all.baseAddress?.advanced(by: start).assumingMemoryBound(to: CChar.self)
            }
            guard encryption != nil else {
                return redisAppendCommandArgv(context, Int32(pointers.count), &pointers, lengths) == REDIS_OK
            }
            var text: UnsafeMutablePointer<CChar>?
            let count = redisFormatCommandArgv(&text, Int32(pointers.count), &pointers, lengths)
            guard count >= 0, let text else { return false }
            defer { redisFreeCommand(text) }
            outgoing += UnsafeRawBufferPointer(start: text, count: Int(count))
            return true
        }
        guard isDone else { throw failure(.disconnected) }
    }

    /// Sends what can be sent; `false` when some of it is left.
    func send() throws(RedisError) -> Bool {
        if let encryption {
            outgoing.removeFirst(try encryption.send(outgoing))
            return outgoing.isEmpty
        }
        var isDone: Int32 = 0
        guard redisBufferWrite(context, &isDone) == REDIS_OK else { throw failure(.disconnected) }
        return isDone == 1
    }

    /// Takes in what has come.
    func receive() throws(RedisError) {
        if let encryption {
            let reader = context.pointee.reader
            return try encryption.receive { bytes in
                redisReaderFeed(reader, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count)
            }
        }
        guard redisBufferRead(context) == REDIS_OK else { throw failure(.disconnected) }
    }

    /// The next whole reply of what was taken in; `nil` when there is none.
    func reply() throws(RedisError) -> RedisReply? {
        var pointer: UnsafeMutableRawPointer?
        guard redisGetReplyFromReader(context, &pointer) == REDIS_OK else { throw failure(.badAnswer) }
        guard let pointer else { return nil }
        defer { freeReplyObject(pointer) }
        return RedisReply(pointer.assumingMemoryBound(to: redisReply.self).pointee)
    }

    private func failure(_ code: RedisError.Code) -> RedisError {
        let text = withUnsafeBytes(of: context.pointee.errstr) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        switch code {
        case .unreachable: return .unreachable(address, text)
        case .badAnswer: return RedisError(code, "what answers at \(address) is no Redis: \(text)")
        default: return RedisError(code, "the connection to Redis at \(address) broke: \(text)")
        }
    }
}

extension RedisError {
    /// Nobody is there.
    static func unreachable(_ address: RedisAddress, _ reason: String) -> RedisError {
        RedisError(
            .unreachable, "cannot reach Redis at \(address): \(reason)",
            advice: "Check that it runs, and that its address is right.")
    }
}
