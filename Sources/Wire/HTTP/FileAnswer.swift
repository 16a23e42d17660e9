// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel
package import MartletPorts

/// A file as an answer: whole or in part, with a tag that changes with its content.
package struct FileAnswer: Sendable {
    /// The file.
    package var path: String
    /// Its size.
    package var size: ByteCount
    /// The media type.
    package var mediaType: String
    /// The name under which it is to be saved; `nil` says nothing about saving.
    package var downloadName: String?

    /// The file's tag, quotes included.
    package var tag: String
    /// What `Cache-Control` says.
    package var caching: String

    /// Makes an answer from its parts.
    ///
    /// - Parameter tag: `nil` makes one of the content and the time of its last change.
    package init(
        path: String, fingerprint: Fingerprint, mediaType: String, downloadName: String? = nil, tag: String? = nil
    ) {
        let contentTag = "\"\(fingerprint.digest.prefix(16))-\(String(fingerprint.modifiedNanoseconds, radix: 16))\""
        self.init(
            path: path, size: fingerprint.size, mediaType: mediaType, downloadName: downloadName,
            tag: tag ?? contentTag, caching: "no-cache")
    }

    /// Makes an answer with a file whose content is known by another name.
    ///
    /// - Parameters:
    ///   - tag: what stands for the content, quotes included.
    ///   - caching: what `Cache-Control` says.
    package init(
        path: String, size: ByteCount, mediaType: String, downloadName: String? = nil, tag: String, caching: String
    ) {
        self.path = path
        self.size = size
        self.mediaType = mediaType
        self.downloadName = downloadName
        self.tag = tag
        self.caching = caching
    }

    /// The answer to a request: 200, 206 for one range, 304 for a known tag.
    ///
    /// Several ranges at once are answered with the whole file, as the standard allows.
    ///
    /// - Returns: `nil` when the range that is wanted lies behind the end.
    ///
    /// Source: <https://www.rfc-editor.org/rfc/rfc9110#section-14>
    package func response(ifPossibleTo request: HTTPRequest) -> HTTPResponse? {
        let size = size.bytes
        var headers: HTTPHeaders = ["ETag": tag, "Accept-Ranges": "bytes", "Cache-Control": caching]
        if let known = request.headers["If-None-Match"], Self.tags(known).contains(where: { $0 == tag || $0 == "*" }) {
            return HTTPResponse(status: 304, headers: headers)
        }
        headers["Content-Type"] = mediaType
        if let downloadName { headers["Content-Disposition"] = Self.disposition(of: downloadName) }
        let isCurrent = request.headers["If-Range"].map { $0 == tag } ?? true
        guard isCurrent, let field = request.headers["Range"], let range = ByteRange(field) else {
            return HTTPResponse(status: 200, headers: headers, body: .file(path: path, bytes: 0..<size))
        }
        guard let bytes = range.bytes(of: size) else { return nil }
        headers["Content-Range"] = "bytes \(bytes.lowerBound)-\(bytes.upperBound - 1)/\(size)"
        return HTTPResponse(status: 206, headers: headers, body: .file(path: path, bytes: bytes))
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
