// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import FoundationEssentials
import MartletModel
import MartletPorts
import MartletWire

/// Sends a film to a coordinator, in parts, and goes on where an earlier try stopped.
struct SourceUpload: Sendable {
    /// Whom it is sent to.
    var client: ClusterClient
    /// Keeps files.
    var files: any FileStore
    /// Tells when to try again.
    var time: any TimeSource
    /// The film's path.
    var path: String
    /// What it is called there; another content has another name.
    var name: String
    /// Called with the bytes that have arrived.
    var arrived: @Sendable (Int64) -> Void

    /// The size of the first part; a proxy that takes less says so, and gets smaller ones.
    static let firstPartSize: Int64 = 4 << 20
    private static let leastPartSize: Int64 = 64 << 10

    /// Sends it, unless it is there.
    ///
    /// - Returns: what to name as a job's source.
    /// - Throws: what the coordinator reports; a `CodedError` of the file; `CancellationError`.
    func send() async throws -> String {
        let size = try files.size(of: path).bytes
        let digest = Task { try await files.digest(of: path) }
        defer { digest.cancel() }
        var state = State(partSize: Self.firstPartSize)
        var perseverance = Perseverance(time: time)
        var best: Int64 = -1
        while true {
            do {
                if state.isUnknown { state = try await found(size: size, state) }
                if state.offset > best {
                    best = state.offset
                    perseverance.heard()
                }
                arrived(state.offset)
                if let source = state.source { return source }
                let end = min(size, state.offset + state.partSize)
                let whole = end == size ? try await digest.value : nil
                try await sendPart(to: end, digest: whole, &state)
            } catch {
                state.isUnknown = true
                try await perseverance.wait(after: error)
            }
        }
    }

    private struct State {
        var partSize: Int64
        /// The bytes that are there.
        var offset: Int64 = 0
        /// Whether the coordinator has to be asked how much is there.
        var isUnknown = true
        /// Whether anything is there to go on with.
        var isBegun = false
        /// Set when all of it is there.
        var source: String?
    }

    /// What the coordinator has of the film.
    private func found(size: Int64, _ before: State) async throws -> State {
        let answer = try await client.caller.call(client.call("GET", "/sources/" + encodedName), limit: 1 << 20)
        var state = before
        (state.isUnknown, state.isBegun, state.offset) = (false, false, 0)
        if answer.status == 404 { return state }
        let view: SourceView = try client.read(answer)
        if view.isComplete {
            if view.sizeBytes == size { state.source = view.source }
        } else if view.sizeBytes <= size {
            (state.isBegun, state.offset) = (true, view.sizeBytes)
        }
        if state.source != nil { state.offset = size }
        return state
    }

    private func sendPart(to end: Int64, digest: String?, _ state: inout State) async throws {
        let fields = digest.map { "sha256=" + $0 }
        var call: HTTPCall
        if state.isBegun {
            call = client.call("PATCH", "/sources/" + encodedName + (fields.map { "?" + $0 } ?? ""))
            call.headers["Upload-Offset"] = "\(state.offset)"
        } else {
            call = client.call(
                "POST", "/sources?name=\(encodedName)&overwrite=true" + (fields.map { "&" + $0 } ?? ""))
        }
        call.headers["Content-Type"] = MediaType.bytes
        call.headers["Upload-Complete"] = digest == nil ? "?0" : "?1"
        call.body = .file(path: path, bytes: state.offset..<end)
        let answer = try await client.caller.call(call, limit: 1 << 20)
        switch answer.status {
        case 204:
            (state.isBegun, state.offset) = (true, end)
        case 413 where state.partSize > Self.leastPartSize:
            state.partSize /= 2
        case 404, 409:
            // Somebody else was there meanwhile, or an earlier try of ours is still being written.
            throw AttemptFailure(
                code: "api.exists", message: "Another program is sending \(name), too.",
                advice: "Wait until it is done.", isRetryable: true, exitStatus: .clusterUnavailable)
        default:
            let view: SourceView = try client.read(answer)
            (state.isBegun, state.offset) = (true, end)
            if view.isComplete { state.source = view.source }
        }
    }

    private var encodedName: String { PercentEncoding.encoded(name) }
}
