// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
package import MartletPorts
import MartletWire
import Synchronization

/// Serves sources that lie at the coordinator to the ffmpeg runs of this machine.
///
/// Its server must listen on 127.0.0.1 alone, and let a connection be silent
/// for as long as an encoder may take for a mebibyte of its source. The paths
/// begin with a secret, since everybody on the machine can call it.
package final class SourceProxy: HTTPHandler {
    private let cache: SourceCache
    private let secret: String
    private let port = Mutex<Int?>(nil)

    /// Makes a proxy that is not served yet.
    package init(cache: SourceCache) {
        self.cache = cache
        let parts = (0..<4).map { _ in String(UInt64.random(in: 0...UInt64.max), radix: 36) }
        secret = parts.joined()
    }

    /// Says on which port of 127.0.0.1 it is served.
    package func isServed(onPort port: Int) { self.port.withLock { $0 = port } }

    /// Makes a source readable for a task, until `close`.
    ///
    /// - Parameter name: the source's file name, whose suffix helps to know the format.
    /// - Returns: the URL.
    func open(_ lease: LeaseToken, _ fingerprint: Fingerprint, name: String) async throws -> String {
        guard let port = port.withLock({ $0 }) else {
            throw WorkerError(.transferFailed, "this worker does not serve sources to its own ffmpeg")
        }
        try await cache.enter(lease, fingerprint)
        let suffix = name.split(separator: ".", omittingEmptySubsequences: false).dropFirst().last ?? ""
        let isPlain =
            !suffix.isEmpty && suffix.utf8.count <= 8
            && suffix.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) }
        let file = "source" + (isPlain ? ".\(suffix)" : "")
        return "http://127.0.0.1:\(port)/\(secret)/\(SourceCache.name(of: fingerprint))/\(file)"
    }

    /// Ends a task's use of its source; answers whether it used one, and why that could not be read to the end.
    func close(_ lease: LeaseToken) async -> (isHere: Bool, failure: WorkerError?) { await cache.leave(lease) }

    /// Fetches what a task that comes soon will read first.
    func prefetch(_ assignment: TaskAssignment) async { await cache.prefetch(assignment) }

    /// Removes everything that was fetched.
    func removeAll() async { await cache.close() }

    package func respond(to request: HTTPRequest) async -> HTTPResponse {
        let parts = request.path.split(separator: "/")
        guard parts.count == 3, parts[0] == secret, let source = await cache.source(named: String(parts[1])),
            await source.failure == nil
        else { return HTTPResponse(status: 404) }
        guard request.method == "GET" || request.method == "HEAD" else {
            return HTTPResponse(status: 405, headers: ["Allow": "GET, HEAD"])
        }
        let size = source.fingerprint.size.bytes
        // Every type that says more than this would weigh in ffmpeg's guess of the format.
        var headers: HTTPHeaders = ["Accept-Ranges": "bytes", "Content-Type": MediaType.bytes]
        var bytes = 0..<size
        var status = 200
        if let field = request.headers["Range"] {
            guard let range = Self.range(field, size: size) else {
                headers["Content-Range"] = "bytes */\(size)"
                return HTTPResponse(status: 416, headers: headers)
            }
            bytes = range
            status = 206
            headers["Content-Range"] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(size)"
        }
        headers["Content-Length"] = "\(bytes.count)"
        return HTTPResponse(
            status: status, headers: headers,
            body: request.method == "HEAD" ? .none : .stream(SourceBody(source, bytes)))
    }

    /// The bytes that a `Range` field asks for, in the forms that ffmpeg writes; `nil` for none of them.
    private static func range(_ field: String, size: Int64) -> Range<Int64>? {
        guard field.hasPrefix("bytes=") else { return nil }
        let parts = field.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let first = Int64(parts[0]), first >= 0, first < size else { return nil }
        guard !parts[1].isEmpty else { return first..<size }
        guard let last = Int64(parts[1]), last >= first else { return nil }
        return first..<min(last, size - 1) + 1
    }
}

/// A part of a source, as somebody reads it from one connection.
private actor SourceBody: HTTPBody {
    /// The most bytes that are handed on at once.
    private static let piece: Int64 = 128 << 10

    private let source: RemoteSource
    private var rest: Range<Int64>
    private var blocksRead = 0

    init(_ source: RemoteSource, _ bytes: Range<Int64>) {
        self.source = source
        rest = bytes
    }

    func next() async throws -> [UInt8]? {
        guard !rest.isEmpty else { return nil }
        // Who has read some blocks in a row will read more; who looks for something jumps.
        let bytes = try await source.read(
            from: rest.lowerBound, limit: min(Self.piece, Int64(rest.count)), ahead: min(blocksRead, 4))
        let block = rest.lowerBound / BlockMap.blockSize
        rest = rest.lowerBound + Int64(bytes.count)..<rest.upperBound
        if rest.lowerBound / BlockMap.blockSize > block { blocksRead += 1 }
        return bytes.isEmpty ? nil : bytes
    }
}
