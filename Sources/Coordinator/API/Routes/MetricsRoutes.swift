// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletPorts
internal import MartletWire

/// The numbers for Prometheus.
package struct MetricsRoutes: Sendable {
    private let metrics: ClusterMetrics
    private let control: any ClusterControl

    /// Makes the route.
    package init(metrics: ClusterMetrics, control: any ClusterControl) {
        self.metrics = metrics
        self.control = control
    }

    /// The routes.
    package var routes: [Route] {
        [
            Route(
                "GET", "/metrics",
                Operation(
                    "getMetrics", "The numbers of the cluster, for Prometheus.",
                    answers: [.init(200, "Text format 0.0.4.", .bytes("text/plain"))])
            ) { _ in
                let text = metrics.text(stats: await control.stats(), workers: await control.workers())
                return HTTPResponse(
                    status: 200, headers: ["Content-Type": Metrics.mediaType], body: .bytes(Array(text.utf8)))
            }
        ]
    }
}
