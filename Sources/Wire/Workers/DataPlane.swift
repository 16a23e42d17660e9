// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import FoundationEssentials
package import MartletModel

/// How sources and results travel between coordinator and workers: paths and header fields, as both ends write them.
package enum DataPlane {
    /// The header field that says how many bytes of a result have arrived.
    package static let uploadOffset = "Upload-Offset"
    /// The header field with the SHA-256 of a body.
    package static let contentDigest = "Content-Digest"
    /// The header field by which whoever asks for a file wants the SHA-256 of what comes (RFC 9530), and its value.
    package static let wantedDigest = (field: "Want-Content-Digest", value: "sha-256=10")

    /// The header field with a source's length in seconds.
    package static let contentDuration = "X-Content-Duration"

    /// The header field with the code of an error, where an answer has no body that could tell it.
    package static let problemCode = "Martlet-Problem"

    /// The path of a job's source; `GET` with `Range` and `If-Match`.
    package static func sourcePath(of job: JobID) -> String {
        "/api/v1/jobs/\(PercentEncoding.encoded(job.text))/source"
    }

    /// The path of a task's result; `GET`, and `PUT` and `HEAD` with the query of `uploadQuery`.
    package static func resultPath(of job: JobID, fileName: String) -> String {
        "/api/v1/jobs/\(PercentEncoding.encoded(job.text))/results/\(PercentEncoding.encoded(fileName))"
    }

    /// The query of an upload's part.
    ///
    /// - Parameters:
    ///   - offset: where the part begins in the result.
    ///   - size: the size of the whole result.
    package static func uploadQuery(_ lease: LeaseToken, offset: Int64, size: Int64) -> String {
        "task=\(PercentEncoding.encoded(lease.task.text))&epoch=\(lease.epoch.number)&worker=\(PercentEncoding.encoded(lease.worker.text))"
            + "&offset=\(offset)&size=\(size)"
    }

    /// The entity tag of a source: `"<digest>-<size>"`, quotes included.
    package static func entityTag(of fingerprint: Fingerprint) -> String {
        "\"\(fingerprint.digest)-\(fingerprint.size.bytes)\""
    }

    /// The content that an entity tag of `entityTag(of:)` tells, without the time of its change; `nil` for other tags.
    package static func content(ofTag tag: String) -> Fingerprint? {
        let (quote, bytes) = (UInt8(ascii: "\""), tag.utf8)
        guard bytes.count > 2, bytes.first == quote, bytes.last == quote,
            bytes.dropFirst().dropLast().allSatisfy({ $0 > 32 && $0 < 127 && $0 != quote })
        else { return nil }
        let parts = tag.dropFirst().dropLast().split(separator: "-")
        guard parts.count == 2, let size = Int64(parts[1]), size >= 0 else { return nil }
        return Fingerprint(size: ByteCount(size), modifiedNanoseconds: 0, digest: String(parts[0]))
    }

    /// The value of `Content-Digest` (RFC 9530) for a SHA-256 of 64 hexadecimal digits; `nil` for anything else.
    package static func digestField(_ digest: String) -> String? {
        guard digest.utf8.count == 64 else { return nil }
        var bytes = Data()
        var rest = Substring(digest)
        while !rest.isEmpty {
            guard let byte = UInt8(rest.prefix(2), radix: 16) else { return nil }
            bytes.append(byte)
            rest = rest.dropFirst(2)
        }
        return "sha-256=:\(bytes.base64EncodedString()):"
    }

    /// The SHA-256 in a value of `Content-Digest`, as 64 hexadecimal digits; `nil` when there is none in it.
    package static func digest(inField field: String) -> String? {
        for member in field.split(separator: ",") {
            let parts = member.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, parts[0].filter({ $0 != " " }).lowercased() == "sha-256" else { continue }
            let text = parts[1].filter { $0 != " " && $0 != ":" }
            guard let bytes = Data(base64Encoded: text), bytes.count == 32 else { return nil }
            return Hexadecimal.text(bytes)
        }
        return nil
    }
}
