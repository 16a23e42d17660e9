// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletWire

extension MetricFamily {
    /// From a tenth of a second to an hour.
    private static let efforts: [Double] = [0.1, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320, 640, 1200, 3600]

    static let buildInformation = MetricFamily(
        "build_info", .gauge, by: ["version"], "Always 1; the label says which release runs.")
    static let uptime = MetricFamily("uptime_seconds", .gauge, "Seconds since the coordinator began.")
    static let jobs = MetricFamily("jobs", .gauge, by: ["state"], "Jobs by state.")
    static let jobsSubmitted = MetricFamily("jobs_submitted_total", .counter, "Jobs taken in.")
    static let jobsEnded = MetricFamily(
        "jobs_ended_total", .counter, by: ["result"], "Jobs that came to an end, by result.")
    static let tasks = MetricFamily("tasks", .gauge, by: ["state"], "Tasks of jobs that are not over, by state.")
    static let queueLength = MetricFamily("queue_length", .gauge, "Tasks that wait for a worker.")
    static let workers = MetricFamily("workers", .gauge, by: ["state", "health"], "Workers by state and health.")
    static let framesPerSecond = MetricFamily("frames_per_second", .gauge, "Frames encoded a second, of all workers.")
    static let attempts = MetricFamily(
        "attempts_total", .counter, by: ["result"], "Tries at tasks that ended, by result.")
    static let taskDuration = MetricFamily(
        "task_duration_seconds", .histogram(efforts), by: ["encoder"], "How long completed tasks ran.")
    static let waste = MetricFamily(
        "waste_seconds_total", .counter, "Seconds that workers ran for results that were not used.")
    static let transferred = MetricFamily(
        "transfer_bytes_total", .counter, by: ["direction"],
        "Bytes of sources to workers (down) and of results from them (up).")
    static let transfersRefused = MetricFamily(
        "transfers_refused_total", .counter, by: ["reason"],
        "Parts of results that were refused: damaged on their way, or of a lease that had ended.")
    static let dispatch = MetricFamily(
        "dispatch_seconds", .histogram(latencies), "From a task that can run and a worker that is free to its order.")
    static let heartbeats = MetricFamily("heartbeats_total", .counter, by: ["transport"], "Heartbeats of workers.")
    static let eventReaders = MetricFamily("event_readers", .gauge, "Those who read events now.")
    static let callbacks = MetricFamily("callbacks_total", .counter, by: ["result"], "Callbacks, by result.")
    static let requests = MetricFamily(
        "http_requests_total", .counter, by: ["method", "route", "status"], "Requests answered.")
    static let requestDuration = MetricFamily(
        "http_request_duration_seconds", .histogram(latencies), by: ["route"],
        "From a request's header to its answer's.")

    /// All families of a coordinator, in the order of the text.
    package static let cluster: [MetricFamily] = [
        buildInformation, uptime, jobs, jobsSubmitted, jobsEnded, tasks, queueLength, workers, framesPerSecond,
        attempts, taskDuration, waste, transferred, transfersRefused, dispatch, heartbeats, eventReaders, callbacks,
        requests, requestDuration,
    ]
}
