// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel
internal import MartletPorts
internal import MartletWire

/// What workers of the plain protocol say, and where their streams are.
package struct PlainRoutes: Sendable {
    private let workers: PlainWorkers
    private let meshes: Meshes?
    private let metrics: ClusterMetrics

    /// Makes the routes.
    ///
    /// - Parameter meshes: streams that several workers make, which are not at one of them.
    package init(workers: PlainWorkers, meshes: Meshes? = nil, metrics: ClusterMetrics) {
        self.workers = workers
        self.meshes = meshes
        self.metrics = metrics
    }

    /// The routes.
    package var routes: [Route] {
        let taken = Operation.Answer(200, "It was taken.", .json("Acknowledgement"))
        return [
            Route(
                "POST", "/api/v1/workers/heartbeat",
                Operation(
                    "sendHeartbeat", "Says that a worker of the plain protocol is there, every 10 to 15 s.",
                    body: .json("Heartbeat"), answers: [taken]),
                answer: heartbeat),
            Route(
                "POST", "/api/v1/jobs/{id}/status",
                Operation(
                    "sendStatus", "Says how far a worker of the plain protocol is with its stream.",
                    body: .json("StreamStatus"), answers: [taken]),
                answer: status),
            Route(
                "GET", "/api/v1/jobs/{id}/stream", access: .tokenOrQuery,
                Operation(
                    "getStream", "Leads to where a stream is served.",
                    answers: [.init(307, "`Location` says where.")]),
                answer: { request in
                    let id = JobID(request.parameter("id"))
                    let mesh = await meshURL(of: id, request.request)
                    let url = if let mesh { mesh } else { try await workers.streamURL(of: id) }
                    return HTTPResponse(status: 307, headers: ["Location": url, "Cache-Control": "no-store"])
                }),
        ]
    }

    /// Where the playlists of several workers' stream are; `nil` for other streams.
    private func meshURL(of id: JobID, _ request: HTTPRequest) async -> String? {
        guard await meshes?.source(of: id) != nil else { return nil }
        let query = request.carried("access_token")
        let path = "/api/v1/jobs/\(PercentEncoding.encoded(id.text))/mesh/master.m3u8"
        return query.isEmpty ? path : "\(path)?\(query)"
    }

    private func heartbeat(_ request: RoutedRequest) async throws -> HTTPResponse {
        try await workers.heard(try await request.json(PlainHeartbeat.self), from: request.request.peer)
        metrics.heartbeat(over: "http")
        return try .json(PlainAcknowledgement())
    }

    private func status(_ request: RoutedRequest) async throws -> HTTPResponse {
        let status = try await request.json(PlainStatus.self)
        guard status.jobID.text == request.parameter("id") else {
            throw APIError.badField("job_id", "it is not the job of the path.")
        }
        if let url = status.streamURL {
            // Others are led there.
            guard url.hasPrefix("http://") || url.hasPrefix("https://"), url.utf8.count <= 4096,
                url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f })
            else { throw APIError.badField("stream_url", "an address with http or https is wanted.") }
        }
        try await workers.reported(status)
        return try .json(PlainAcknowledgement())
    }
}
