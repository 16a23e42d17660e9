// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletWire

/// Jobs of a cluster, for people.
struct JobText: Sendable {
    /// The wall clock, in milliseconds since 1970.
    var now: Int64
    /// The room there is; `nil` for as much as is needed.
    var width: Int?
    /// Whether every attempt is shown with what ffmpeg said.
    var isVerbose = false

    /// A table of jobs.
    func list(_ jobs: [JobView]) -> String {
        guard !jobs.isEmpty else { return "There are no jobs.\n" }
        let table = Table(
            columns: [
                .init(heading: "JOB"), .init(heading: "STATE"), .init(heading: "DONE", isNumber: true),
                .init(heading: "LEFT", isNumber: true), .init(heading: "PRIORITY"), .init(heading: "SUBMITTED"),
                .init(heading: "NAME", mayShrink: true),
            ],
            rows: jobs.map { job in
                [
                    Figures.harmless(job.id.text), Self.words(job.state) + (isPaused(job) ? ", paused" : ""),
                    job.state == .completed ? "" : Figures.percent(job.progress),
                    job.state.isFinal ? "" : job.etaS.map(Figures.clock) ?? "",
                    Figures.harmless(job.priority), ago(job.createdMs), Figures.harmless(job.name),
                ]
            })
        return table.text(width: width)
    }

    /// Whether something else than a missing worker keeps a job from going on.
    private func isPaused(_ job: JobView) -> Bool {
        job.error != nil && !job.state.isFinal && job.state != .waitingForWorkers
    }

    /// Everything about one job.
    func whole(_ job: JobView, tasks: [TaskView]) -> String {
        var rows = [
            ("job", job.id.text), ("name", job.name), ("source", job.source), ("output", job.output),
            ("state", state(of: job)), ("priority", job.priority), ("submitted", ago(job.createdMs)),
        ]
        if let finished = job.finishedMs {
            rows.append(("ended", "\(ago(finished)), after \(Figures.clock(Double(finished - job.createdMs) / 1000))"))
        }
        if let frames = job.frames {
            var text = "\(frames) in \(Figures.count(job.segments ?? 0, "segment"))"
            if job.reusedSegments > 0 { text += ", \(job.reusedSegments) of them from an earlier run" }
            rows.append(("frames", text))
        }
        if job.tasksTotal > 0 { rows.append(("tasks", "\(job.tasksCompleted) of \(job.tasksTotal) completed")) }
        if let bytes = job.outputBytes { rows.append(("size", Figures.bytes(ByteCount(bytes)))) }
        if let url = job.streamURL { rows.append(("stream", url)) }
        if let error = job.error {
            rows.append((job.state == .failed ? "failed" : "waits", "\(error.message) (\(error.code))"))
            if let advice = error.advice { rows.append(("", advice)) }
        }
        rows += job.warnings.map { ("warning", $0) }
        var text = rows.map { $0.padded(to: 11) + Figures.harmless($1) + "\n" }.joined()
        if !tasks.isEmpty { text += "\n" + table(of: tasks) }
        let attempts = tasks.flatMap { task in task.attempts.map { (task.id, $0) } }
        let told = attempts.filter { isVerbose || $0.1.result == "failed" }
        if !told.isEmpty { text += "\n" + told.map(line).joined() }
        return text
    }

    private func table(of tasks: [TaskView]) -> String {
        Table(
            columns: [
                .init(heading: "TASK"), .init(heading: "STATE"), .init(heading: "WORKER", mayShrink: true),
                .init(heading: "ATTEMPTS", isNumber: true), .init(heading: "FRAMES", isNumber: true),
                .init(heading: "TIME", isNumber: true), .init(heading: "SIZE", isNumber: true),
                .init(heading: "ENCODER"),
            ],
            rows: tasks.map { task in
                let last = task.attempts.last
                return [
                    Figures.harmless(task.id.text), task.state.rawValue, Figures.harmless(last?.worker.text ?? ""),
                    task.attempts.isEmpty ? "" : "\(task.attempts.count)", task.frames.map { "\($0)" } ?? "",
                    last.map(time) ?? "", task.bytes.map { Figures.bytes(ByteCount($0)) } ?? "",
                    Figures.harmless(task.encoder),
                ]
            }
        ).text(width: width)
    }

    private func line(_ task: TaskID, _ attempt: AttemptView) -> String {
        var text = "\(task), attempt \(attempt.epoch) on \(attempt.worker): \(attempt.result) after \(time(attempt))"
        if let error = attempt.error { text += ": \(error.message) (\(error.code))" }
        text = Figures.harmless(text) + "\n"
        if isVerbose, let log = attempt.log, !log.isEmpty {
            text += Figures.harmlessLines(log).map { "    " + $0 + "\n" }.joined()
        }
        return text
    }

    private func state(of job: JobView) -> String {
        guard !job.state.isFinal else { return Self.words(job.state) }
        var parts = [Self.words(job.state) + (isPaused(job) ? ", paused" : ""), Figures.percent(job.progress)]
        if let stage = job.stage { parts.append(stage.rawValue) }
        if let fps = job.fps, fps > 0 { parts.append(Figures.decimal(fps, fps < 100 ? 1 : 0) + " fps") }
        if let rest = job.etaS { parts.append(Figures.clock(rest) + " left") }
        return parts.joined(separator: ", ")
    }

    private func time(_ attempt: AttemptView) -> String {
        Figures.clock(Double(max(0, (attempt.endedMs ?? now) - attempt.startedMs)) / 1000)
    }

    private func ago(_ milliseconds: Int64) -> String { Figures.ago(Double(now - milliseconds) / 1000) }

    /// A state in words.
    static func words(_ state: JobState) -> String {
        state == .waitingForWorkers ? "waiting for workers" : state.rawValue
    }
}
