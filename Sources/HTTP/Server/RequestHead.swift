// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CMicroHTTPD
internal import Glibc
internal import MartletPorts

/// A request's line and header, as they came.
struct RequestHead {
    var path: String
    var query: [(name: String, value: String)]
    var headers: HTTPHeaders
    /// How long the body is; `nil` when it comes in chunks.
    var bodyLength: UInt64?
    /// Whether the other end waits for leave before it sends the body.
    var expectsLeave: Bool

    /// Reads what libmicrohttpd has parsed.
    ///
    /// - Returns: the status of the refusal instead when the request could be read in two ways, or in none.
    static func read(_ connection: OpaquePointer, target: String, version: String) -> Result<RequestHead, Refusal> {
        let headers = fields(of: connection)
        guard !headers.fields.contains(where: { $0.name.contains { $0 == " " || $0 == "\t" } || $0.name.isEmpty }),
            let (path, query) = split(target)
        else { return .failure(Refusal(status: 400)) }
        let hosts = values(of: "host", in: headers).count
        guard hosts == 1 || (hosts == 0 && version != "HTTP/1.1") else { return .failure(Refusal(status: 400)) }
        let lengths = values(of: "content-length", in: headers)
        let encodings = values(of: "transfer-encoding", in: headers)
        // Each of these has let requests be smuggled past a proxy that reads them in the other way.
        guard lengths.count <= 1, encodings.count <= 1, lengths.isEmpty || encodings.isEmpty else {
            return .failure(Refusal(status: 400))
        }
        var bodyLength: UInt64? = 0
        if let encoding = encodings.first {
            guard version == "HTTP/1.1", encoding.lowercased() == "chunked" else {
                return .failure(Refusal(status: version == "HTTP/1.1" ? 501 : 400))
            }
            bodyLength = nil
        } else if let length = lengths.first {
            guard let length = UInt64(length), !lengths[0].hasPrefix("+") else {
                return .failure(Refusal(status: 400))
            }
            bodyLength = length
        }
        let expectation = headers["Expect"]?.lowercased()
        guard expectation == nil || expectation == "100-continue" else { return .failure(Refusal(status: 417)) }
        return .success(
            RequestHead(
                path: path, query: query, headers: headers, bodyLength: bodyLength,
                expectsLeave: expectation != nil && version == "HTTP/1.1"))
    }

    /// A request that is not passed on.
    struct Refusal: Error {
        var status: UInt32
    }

    private static func values(of name: String, in headers: HTTPHeaders) -> [String] {
        headers.fields.filter { $0.name.lowercased() == name }.map(\.value)
    }

    private static func fields(of connection: OpaquePointer) -> HTTPHeaders {
        var headers = HTTPHeaders()
        withUnsafeMutablePointer(to: &headers) { headers in
            _ = MHD_get_connection_values(
                connection, .HEADER_KIND,
                { headers, _, name, value in
                    guard let headers, let name else { return .NO }
                    headers.assumingMemoryBound(to: HTTPHeaders.self).pointee
                        .add(String(cString: name), value.map { String(cString: $0) } ?? "")
                    return .YES
                }, headers)
        }
        return headers
    }

    /// The path, and the fields of the query, decoded.
    private static func split(_ target: String) -> (String, [(name: String, value: String)])? {
        var target = Substring(target)
        for scheme in ["http://", "https://"] where target.lowercased().hasPrefix(scheme) {
            target = target.dropFirst(scheme.count)
            target = target[(target.firstIndex { $0 == "/" || $0 == "?" } ?? target.endIndex)...]
            if !target.hasPrefix("/") { target = "/" + target }
        }
        guard target.hasPrefix("/"), target.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f }) else { return nil }
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count > 1 else { return (String(target), []) }
        let query = parts[1].split(separator: "&").map { field in
            let pair = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (name: decoded(pair[0]), value: pair.count > 1 ? decoded(pair[1]) : "")
        }
        return (String(parts[0]), query)
    }

    /// A name or value of a query without its percent signs; a plus sign is a space there.
    private static func decoded(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
