// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletPorts
internal import MartletWire

/// What asks whether the coordinator is well; open to everyone.
package struct HealthRoutes: Sendable {
    /// What is answered when all is well.
    private struct Health: Encodable {
        var status = "ok"
    }

    private let obstacle: @Sendable () async -> String?

    /// Makes the routes.
    ///
    /// - Parameter obstacle: why the coordinator cannot do its work now, one sentence; `nil` when it can.
    package init(obstacle: @escaping @Sendable () async -> String?) { self.obstacle = obstacle }

    /// The routes.
    package var routes: [Route] {
        let well = Operation.Answer(200, "It is well.", .json("Health"))
        return [
            Route(
                "GET", "/healthz", access: .open,
                Operation("getHealth", "Says that the process serves.", answers: [well]),
                answer: { _ in try .json(Health()) }),
            Route(
                "GET", "/readyz", access: .open,
                Operation(
                    "getReadiness", "Says whether work can be taken in; 503 with the reason if not.", answers: [well]),
                answer: { _ in
                    if let reason = await obstacle() { throw APIError(.notReady, reason) }
                    return try .json(Health())
                }),
        ]
    }
}
