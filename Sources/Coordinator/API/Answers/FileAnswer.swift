// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel
package import MartletPorts
internal import MartletWire

/// A file as an answer: whole or in part, with a tag that changes with its content.
package struct FileAnswer: Sendable {
    /// The file.
    package var path: String
    /// What it holds.
    package var fingerprint: Fingerprint
    /// The media type.
    package var mediaType: String
    /// The name under which it is to be saved; `nil` says nothing about saving.
    package var downloadName: String?

    /// The file's tag, quotes included.
    package var tag: String

    /// Makes an answer from its parts.
    ///
    /// - Parameter tag: `nil` makes one of the content and the time of its last change.
    package init(
        path: String, fingerprint: Fingerprint, mediaType: String, downloadName: String? = nil, tag: String? = nil
    ) {
        self.path = path
        self.fingerprint = fingerprint
        self.mediaType = mediaType
        self.downloadName = downloadName
        self.tag =
            tag ?? "\"\(fingerprint.digest.prefix(16))-\(String(fingerprint.modifiedNanoseconds, radix: 16))\""
    }

    /// The answer to a request: 200, 206 for one range, 304 for a known tag.
    ///
    /// Several ranges at once are answered with the whole file, as the standard allows.
    ///
    /// - Throws: `APIError` `badRange` for a range behind the end.
    ///
    /// Source: <https://www.rfc-editor.org/rfc/rfc9110#section-14>
    package func response(to request: HTTPRequest) throws -> HTTPResponse {
        let size = fingerprint.size.bytes
        var headers: HTTPHeaders = ["ETag": tag, "Accept-Ranges": "bytes", "Cache-Control": "no-cache"]
        if let known = request.headers["If-None-Match"], Self.tags(known).contains(where: { $0 == tag || $0 == "*" }) {
            return HTTPResponse(status: 304, headers: headers)
        }
        headers["Content-Type"] = mediaType
        if let downloadName { headers["Content-Disposition"] = Self.disposition(of: downloadName) }
        let isCurrent = request.headers["If-Range"].map { $0 == tag } ?? true
        guard isCurrent, let field = request.headers["Range"], let range = ByteRange(field) else {
            return HTTPResponse(status: 200, headers: headers, body: .file(path: path, bytes: 0..<size))
        }
        guard let bytes = range.bytes(of: size) else {
            throw APIError(
                .badRange, "The file has \(size) bytes, and \(field) is not among them.", field: "Range",
                headers: ["Content-Range": "bytes */\(size)"])
        }
        headers["Content-Range"] = "bytes \(bytes.lowerBound)-\(bytes.upperBound - 1)/\(size)"
        return HTTPResponse(status: 206, headers: headers, body: .file(path: path, bytes: bytes))
    }

    /// The media type of a file by its suffix.
    package static func mediaType(of path: String) -> String {
        switch path.split(separator: ".").last?.lowercased() {
        case "mp4", "m4v": "video/mp4"
        case "mkv": "video/x-matroska"
        case "webm": "video/webm"
        case "mov": "video/quicktime"
        default: "application/octet-stream"
        }
    }

    private static func tags(_ field: String) -> [String] {
        field.split(separator: ",").map { tag in
            let tag = tag.drop { $0 == " " }
            return String(tag.hasPrefix("W/") ? tag.dropFirst(2) : tag)
        }
    }

    /// Both forms of the name: readable for old clients, exact for new ones.
    private static func disposition(of name: String) -> String {
        let plain = name.unicodeScalars.map { scalar in
            scalar.value < 0x20 || scalar.value > 0x7e || scalar == "\"" || scalar == "\\" ? "_" : Character(scalar)
        }
        return "attachment; filename=\"\(String(plain))\"; filename*=UTF-8''\(PercentEncoding.encoded(name))"
    }
}

/// One range of bytes as a request writes it: `bytes=0-99`, `bytes=100-`, `bytes=-100`.
struct ByteRange: Sendable, Equatable {
    private var first: Int64?
    private var last: Int64?

    /// Reads the field `Range`; `nil` for what is no single range of bytes, which is as if it were not there.
    init?(_ field: String) {
        guard field.lowercased().hasPrefix("bytes=") else { return nil }
        let ends = field.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false).map { end in
            String(end.filter { $0 != " " })
        }
        guard ends.count == 2, ends != ["", ""],
            ends.allSatisfy({ $0.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } })
        else { return nil }
        // What is too large for a number is behind every end.
        first = ends[0].isEmpty ? nil : Int64(ends[0]) ?? .max
        last = ends[1].isEmpty ? nil : Int64(ends[1]) ?? .max
        if let first, let last, last < first { return nil }
    }

    /// The bytes that it means in a file of a size; `nil` when there are none.
    func bytes(of size: Int64) -> Range<Int64>? {
        guard let first else {
            guard let last, last > 0, size > 0 else { return nil }
            return max(0, size - last)..<size
        }
        guard first < size else { return nil }
        return first..<min(size, last.map { $0 == .max ? .max : $0 + 1 } ?? size)
    }
}
