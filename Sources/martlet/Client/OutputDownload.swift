// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPorts
import MartletWire

/// Fetches the output of a job, in parts, and goes on where an earlier try stopped.
struct OutputDownload: Sendable {
    /// Where it is.
    var client: ClusterClient
    /// Keeps files.
    var files: any FileStore
    /// Tells when to try again.
    var time: any TimeSource
    /// The completed job.
    var job: JobID
    /// The output's size.
    var size: Int64
    /// Called with the bytes that have arrived.
    var arrived: @Sendable (Int64) -> Void

    private static let partSize: Int64 = 8 << 20

    /// Fetches it to a file beside its place, which is then the whole output.
    ///
    /// - Parameter path: where it grows; what is there of an earlier try is kept.
    /// - Throws: what the coordinator reports; a `CodedError` of the file; `CancellationError`.
    func fetch(to path: String) async throws {
        var offset = files.exists(path) ? try files.size(of: path).bytes : 0
        if offset > size {
            try files.remove(path)
            offset = 0
        }
        if offset == 0 { try await files.write([], to: path, at: 0) }
        var perseverance = Perseverance(time: time)
        while offset < size {
            arrived(offset)
            do {
                let end = min(size, offset + Self.partSize)
                var call = client.call("GET", "/jobs/\(PercentEncoding.encoded(job.text))/output")
                call.headers["Accept"] = "*/*"
                call.headers["Range"] = "bytes=\(offset)-\(end - 1)"
                let answer = try await client.caller.download(call, to: path, at: offset)
                guard answer.status == 206, try files.size(of: path).bytes == end else {
                    throw answer.status >= 300 ? Refusal.error(of: answer, client.connection) : changed
                }
                offset = end
                perseverance.heard()
            } catch {
                try await perseverance.wait(after: error)
            }
        }
        arrived(size)
    }

    private var changed: ClusterError {
        ClusterError(
            .badAnswer, "The coordinator sent another part of the output than it was asked for.",
            advice: "Check that no proxy in between changes answers.")
    }
}
