// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletWire
import Synchronization

/// Tells the user how a transcode goes: a live display on a terminal, lines now
/// and then elsewhere, objects for programs, or nothing but warnings.
final class ProgressReporter: Sendable {
    /// How it is told.
    enum Style: Sendable { case live, lines, json, quiet }

    private struct State {
        var progress = ProgressState()
        var throttle = Throttle()
        var phase: ProgressState.Phase?
        /// The stage of the last object.
        var toldStage: JobStage?
        var warned: Set<String> = []
    }

    private let console: Console
    private let style: Style
    private let isVerbose: Bool
    private let now: @Sendable () -> Duration
    private let state = Mutex(State())

    /// Tells about one job.
    ///
    /// - Parameters:
    ///   - now: the time since any origin.
    ///   - isRemote: whether a coordinator does the work, so that nothing is known before it is heard.
    init(
        console: Console, style: Style, isVerbose: Bool, now: @escaping @Sendable () -> Duration,
        isRemote: Bool = false
    ) {
        self.console = console
        self.style = style
        self.isVerbose = isVerbose
        self.now = now
        if !isRemote, style == .live || style == .lines { draw() }
    }

    /// How far the job is.
    var progress: ProgressState { state.withLock(\.progress) }

    /// The plan is made.
    func planned(_ planned: PlannedJob) {
        state.withLock { $0.progress.take(planned) }
        if style == .json { console.print(PlanText.announcement(of: planned).line + "\n") }
        for warning in planned.plan.warnings { warn(warning) }
        draw()
    }

    /// A coordinator says how a job stands.
    func stands(_ view: JobView, tasks: [TaskView]) {
        state.withLock { $0.progress.take(view, tasks: tasks) }
        for warning in view.warnings { warn(warning) }
        draw()
    }

    /// Something happened.
    func happened(_ event: Event) {
        state.withLock { $0.progress.take(event) }
        if case .warning(_, let text) = event, style != .json { warn(text) }
        if style == .json { tell(event) } else { draw() }
        if isVerbose, style != .json, let line = Self.detail(of: event) { console.complain(line + "\n") }
    }

    /// A sentence that the user should read; said once.
    func warn(_ text: String) {
        guard state.withLock({ $0.warned.insert(text).inserted }) else { return }
        if style == .json {
            let job = progress.job
            console.print(
                JSON.object([
                    ("event", .text("warning")), ("job_id", .text(orNull: job?.text)), ("message", .text(text)),
                ]).line + "\n")
        } else if style != .quiet {
            console.complain("martlet: warning: \(text)\n")
        }
    }

    /// Takes the live display away.
    func finish() { if style == .live { console.show([]) } }

    private func tell(_ event: Event) {
        switch event {
        case .warning(_, let text): return warn(text)
        case .taskProgress where !isVerbose: return
        case .progress(_, let stage, let fraction, _, _):
            let isHeard = state.withLock { state in
                let isNews = state.toldStage != stage || fraction >= 1
                state.toldStage = stage
                return state.throttle.passes(now(), every: .milliseconds(500), regardless: isNews)
            }
            guard isHeard else { return }
        case .taskProgress:
            guard state.withLock({ $0.throttle.passes(now(), every: .milliseconds(500)) }) else { return }
        default: break
        }
        console.print(EventText.json(event).line + "\n")
    }

    private func draw() {
        let time = now()
        switch style {
        case .live:
            let progress = state.withLock { state -> ProgressState? in
                let isNews = state.phase != state.progress.phase
                state.phase = state.progress.phase
                return state.throttle.passes(time, every: .milliseconds(100), regardless: isNews) ? state.progress : nil
            }
            guard let progress else { return }
            console.show(ProgressText(width: console.width, usesColour: console.usesColour).live(progress))
        case .lines:
            let progress = state.withLock { state -> ProgressState? in
                let isNews = state.phase != state.progress.phase && state.progress.phase != .ended
                state.phase = state.progress.phase
                let isSaid = state.progress.phase != .ended && state.progress.fraction > 0
                guard isNews || isSaid else { return nil }
                return state.throttle.passes(time, share: state.progress.fraction, regardless: isNews)
                    ? state.progress : nil
            }
            if let progress { console.print(ProgressText.plain(progress) + "\n") }
        case .json, .quiet: break
        }
    }

    /// What `--verbose` adds; `nil` for what the display shows anyhow.
    private static func detail(of event: Event) -> String? {
        switch event {
        case .taskStarted(_, let task, let worker, let attempt): "\(task): started on \(worker), attempt \(attempt)"
        case .taskCompleted(_, let task, let frames, let reused):
            "\(task): \(reused ? "taken over" : "done"), \(Figures.count(frames, "frame"))"
        case .taskFailed(_, let task, let message): "\(task): failed: \(message)"
        case .taskRetried(_, let task, let attempt, let reason): "\(task): attempt \(attempt) follows: \(reason)"
        case .jobStateChanged(let job, let state): "\(job): \(state.rawValue)"
        default: nil
        }
    }
}
