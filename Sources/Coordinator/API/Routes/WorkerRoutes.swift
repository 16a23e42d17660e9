// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel
internal import MartletPorts
internal import MartletWire

/// What can be asked about workers, and about the cluster as a whole.
package struct WorkerRoutes: Sendable {
    private let control: any ClusterControl

    /// Makes the routes.
    package init(control: any ClusterControl) { self.control = control }

    /// The routes.
    package var routes: [Route] {
        [
            Route(
                "GET", "/api/v1/workers",
                Operation(
                    "listWorkers", "Lists all workers.", answers: [.init(200, "By name.", .jsonArray("Worker"))]),
                answer: { _ in try .json(await control.workers()) }),
            Route(
                "POST", "/api/v1/workers/{id}/drain",
                Operation(
                    "drainWorker", "Gives a worker no new work.", answers: [.init(200, "The worker.", .json("Worker"))]),
                answer: { try .json(try await control.drain(Self.id(of: $0))) }),
            Route(
                "DELETE", "/api/v1/workers/{id}",
                Operation(
                    "removeWorker", "Takes a worker out until it is started anew; what it runs goes to others.",
                    answers: [.init(204, "It is out.")]),
                answer: {
                    try await control.remove(Self.id(of: $0))
                    return HTTPResponse(status: 204)
                }),
            Route(
                "GET", "/api/v1/stats",
                Operation(
                    "getStats", "Says how things stand, in numbers.",
                    answers: [.init(200, "The numbers.", .json("Stats"))]
                ),
                answer: { _ in try .json(await control.stats()) }),
        ]
    }

    private static func id(of request: RoutedRequest) -> WorkerID { WorkerID(request.parameter("id")) }
}
