// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import FoundationEssentials
import MartletHost
import MartletModel
import MartletPorts
import MartletTestKit
import MartletWire
import Synchronization
import Testing

@testable import MartletCoordinator

@Suite("Metrics")
struct MetricsTests {
    @Test("Counters, gauges and histograms are written as Prometheus reads them")
    func text() {
        var metrics = Metrics()
        metrics.add(to: .requests, ["GET", "/a \"b\"\\\n", "200"])
        metrics.add(2, to: .requests, ["GET", "/a \"b\"\\\n", "200"])
        metrics.set(1.5, of: .framesPerSecond)
        for value in [0.05, 0.1, 7, 5000] { metrics.observe(value, in: .taskDuration, ["libx264"]) }
        let lines = metrics.text(of: MetricFamily.cluster).split(separator: "\n").map(String.init)
        #expect(lines.contains(#"martlet_http_requests_total{method="GET",route="/a \"b\"\\\n",status="200"} 3"#))
        #expect(lines.contains("martlet_frames_per_second 1.5"))
        #expect(lines.contains("# TYPE martlet_task_duration_seconds histogram"))
        let buckets = lines.filter { $0.hasPrefix("martlet_task_duration_seconds_bucket") }
        #expect(buckets.count == 15)
        #expect(buckets.first == #"martlet_task_duration_seconds_bucket{encoder="libx264",le="0.1"} 2"#)
        #expect(buckets[5] == #"martlet_task_duration_seconds_bucket{encoder="libx264",le="10"} 3"#)
        #expect(buckets.last == #"martlet_task_duration_seconds_bucket{encoder="libx264",le="+Inf"} 4"#)
        #expect(lines.contains(#"martlet_task_duration_seconds_sum{encoder="libx264"} 5007.15"#))
        #expect(lines.contains(#"martlet_task_duration_seconds_count{encoder="libx264"} 4"#))
        #expect(lines.filter { $0.hasPrefix("# HELP ") }.count == MetricFamily.cluster.count)
    }

    @Test("A figure is told in the same time however many were told before", .timeLimit(.minutes(1)))
    func meter() {
        let meter = WorkMeter()
        let count = Mutex(0)
        meter.connect { _ in count.withLock { $0 += 1 } }
        for _ in 0..<200_000 { meter.tell(.heartbeat("http")) }
        #expect(count.withLock { $0 } == 200_000)
    }

    @Test("Every name is that of one family")
    func names() {
        #expect(Set(MetricFamily.cluster.map(\.name)).count == MetricFamily.cluster.count)
        for family in MetricFamily.cluster {
            #expect(family.name.wholeMatch(of: /martlet_[a-z_]+/) != nil)
            #expect((family.kind == .counter) == family.name.hasSuffix("_total"), "\(family.name)")
        }
    }

    @Test("The manual names every metric with its kind and labels, and no other")
    func manual() throws {
        var parts = #filePath.split(separator: "/")
        parts.removeLast(4)
        let page = try String(
            contentsOfFile: "/" + parts.joined(separator: "/") + "/docs/5-metrics.md", encoding: .utf8)
        let rows = page.split(separator: "\n").map(String.init).filter {
            $0.hasPrefix("| `martlet_") && !$0.hasPrefix("| `martlet_stream_")
        }
        let families = MetricFamily.cluster.map { family in
            let labels = family.labels.map { "`\($0)`" }.joined(separator: ", ")
            return "| `\(family.name)` | \(family.kind.name) | \(labels) | \(family.help) |"
        }
        #expect(rows == families)
    }

    @Test("The route shows the cluster as it is, and what happened to it")
    func route() async throws {
        let clock = ManualClock()
        let control = ScriptedControl()
        let metrics = ClusterMetrics(version: "1.2.3", readers: ReaderCount())
        let router = Router(
            MetricsRoutes(metrics: metrics, control: control).routes + WorkerRoutes(control: control).routes,
            door: Door(tokens: nil, time: clock), time: clock
        ) { metrics.note($0) }
        let caller = Caller(handler: router)
        await control.add(WorkerView(id: WorkerID("w"), state: .idle, health: .healthy, slots: 1, transport: "local"))
        let job = JobID("job")
        for event: Event in [
            .jobSubmitted(job), .jobStateChanged(job, .queued), .jobCompleted(job),
            .jobFailed(job, code: "", message: ""),
            .jobStateChanged(job, .cancelled), .jobFailed(job, code: "", message: ""),
        ] { metrics.note(event) }
        metrics.attemptEnded(.completed, encoder: "libx264", after: .seconds(3), isUsed: true)
        metrics.attemptEnded(.completed, encoder: "libx264", after: .seconds(2), isUsed: false)
        metrics.attemptEnded(.failed, encoder: "libx264", after: .milliseconds(500), isUsed: false)
        metrics.transferred(1 << 40, .down)
        metrics.dispatched(after: .milliseconds(2))
        metrics.heartbeat(over: "websocket")
        _ = await caller.call("GET", "/api/v1/workers")
        _ = await caller.call("BREW", "/api/v1/workers/coffee")
        _ = await caller.call("GET", "/nothing")
        let answer = await caller.call("GET", "/metrics")
        #expect(answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8")
        let lines = Set(try answer.text().split(separator: "\n").map(String.init))
        for line in [
            #"martlet_build_info{version="1.2.3"} 1"#, "martlet_uptime_seconds 1", #"martlet_jobs{state="queued"} 0"#,
            "martlet_jobs_submitted_total 1", #"martlet_jobs_ended_total{result="failed"} 2"#,
            #"martlet_jobs_ended_total{result="cancelled"} 1"#, #"martlet_tasks{state="queued"} 2"#,
            "martlet_queue_length 2", #"martlet_workers{state="idle",health="healthy"} 1"#,
            #"martlet_attempts_total{result="completed"} 2"#, #"martlet_attempts_total{result="failed"} 1"#,
            "martlet_waste_seconds_total 2.5", #"martlet_transfer_bytes_total{direction="down"} 1099511627776"#,
            #"martlet_dispatch_seconds_bucket{le="0.0025"} 1"#, #"martlet_dispatch_seconds_bucket{le="0.001"} 0"#,
            #"martlet_heartbeats_total{transport="websocket"} 1"#,
            #"martlet_http_requests_total{method="GET",route="/api/v1/workers",status="200"} 1"#,
            #"martlet_http_requests_total{method="other",route="(none)",status="405"} 1"#,
            #"martlet_http_requests_total{method="GET",route="(none)",status="404"} 1"#,
            #"martlet_http_request_duration_seconds_count{route="/api/v1/workers"} 1"#,
        ] { #expect(lines.contains(line), "\(line)") }
        try await control.remove(WorkerID("w"))
        #expect(try await !caller.call("GET", "/metrics").text().contains("martlet_workers{"))
    }
}
