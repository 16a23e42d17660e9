// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPlanning
import MartletWire

/// How far a job is, gathered from its plan and its events.
struct ProgressState: Sendable, Equatable {
    /// What the job is at.
    enum Phase: Sendable, Equatable {
        case reading, ended
        /// It waits on a cluster.
        case waiting(JobState)
        /// It is being worked on.
        case working(JobStage)
    }

    /// Where a segment stands.
    enum SegmentState: Sendable, Equatable {
        case waiting
        /// Being encoded: so much of it is done, 0 to 1.
        case running(Double)
        case retrying
        case done
        /// Taken over from an earlier run.
        case reused

        /// Whether it is finished.
        var isDone: Bool { self == .done || self == .reused }
    }

    /// What the job is at.
    var phase: Phase = .reading
    /// The job; `nil` until planned.
    var job: JobID?
    /// Share of the effort that is done, 0 to 1; never falls.
    var fraction = 0.0
    /// Output frames a second; `nil` until known.
    var framesPerSecond: Double?
    /// Frames a second of the film itself; `nil` when unknown.
    var filmRate: Double?
    /// Seconds to go; `nil` when unknown.
    var remainingSeconds: Double?
    /// The segments, in order.
    var segments: [SegmentState] = []
    /// Frames of the whole film.
    var frames = 0
    private var isOnCluster = false
    private var encodes: [TaskID: Int] = [:]
    private var analyses: [TaskID: Int] = [:]

    /// Segments that are finished.
    var finishedSegments: Int { segments.count(where: \.isDone) }
    /// Segments that were taken over.
    var reusedSegments: Int { segments.count { $0 == .reused } }
    /// How many times faster than the film is shown; `nil` when unknown.
    var speed: Double? {
        guard let framesPerSecond, let filmRate, filmRate > 0 else { return nil }
        return framesPerSecond / filmRate
    }

    /// Takes up the plan.
    mutating func take(_ planned: PlannedJob) {
        job = planned.id
        if phase == .reading { phase = .working(.encoding) }
        frames = planned.plan.resultFrames
        segments = planned.plan.segments.map { _ in .waiting }
        let rate = planned.plan.constantRate ?? planned.plan.source.mainVideo?.video?.averageFrameRate
        filmRate = rate.flatMap { $0.isPositive ? $0.value : nil }
        nameTasks()
    }

    /// Takes up what a coordinator says of a job; what was known of the segments is forgotten.
    mutating func take(_ view: JobView, tasks: [TaskView]) {
        isOnCluster = true
        job = view.id
        fraction = view.progress
        framesPerSecond = view.fps.flatMap { $0 > 0 ? $0 : nil }
        remainingSeconds = view.etaS
        frames = view.frames ?? 0
        switch view.state {
        case .queued, .waitingForWorkers, .benchmarking: phase = .waiting(view.state)
        case .processing: phase = .working(view.stage ?? .encoding)
        case .combining: phase = .working(view.stage ?? .joining)
        case .completed, .failed, .cancelled: phase = .ended
        }
        segments = Array(repeating: .waiting, count: min(view.segments ?? 0, 1 << 20))
        nameTasks()
        for task in tasks {
            switch task.state {
            case .running: set(task.id, .running(0))
            case .retrying, .failed: set(task.id, .retrying)
            case .completed where analyses[task.id] == nil: set(task.id, .done)
            case .pending, .queued, .completed, .cancelled: break
            }
        }
    }

    /// Tasks of later stages are not among the first ones, but their names are known.
    private mutating func nameTasks() {
        encodes = [:]
        analyses = [:]
        for segment in segments.indices {
            encodes[StagePlanner.encodeTask(segment)] = segment
            analyses[StagePlanner.analysisTask(segment)] = segment
        }
    }

    /// Takes up an event.
    mutating func take(_ event: Event) {
        switch event {
        case .jobStateChanged(_, let state):
            switch state {
            case .combining: phase = .working(.joining)
            case .completed, .failed, .cancelled: phase = .ended
            case .queued, .waitingForWorkers, .benchmarking: if isOnCluster { phase = .waiting(state) }
            case .processing: if case .waiting = phase { phase = .working(.encoding) }
            }
        case .progress(let job, let stage, let fraction, let framesPerSecond, let remaining):
            self.job = self.job ?? job
            phase = .working(stage)
            self.fraction = max(self.fraction, min(fraction, 1))
            self.framesPerSecond = framesPerSecond > 0 ? framesPerSecond : nil
            remainingSeconds = remaining
        case .taskStarted(_, let task, _, _):
            if let segment = segmentEncodedAgain(by: task) { segments[segment] = .running(0) }
            set(task, .running(0))
        case .taskProgress(_, let task, let frames, let total):
            set(task, .running(total > 0 ? Double(frames) / Double(total) : 0))
        case .taskCompleted(_, let task, _, let reused):
            if let segment = analyses[task] {
                mark(segment, .waiting)
            } else {
                set(task, reused ? .reused : .done)
            }
        case .taskFailed(_, let task, _), .taskRetried(_, let task, _, _):
            set(task, .retrying)
        case .jobSubmitted, .jobCompleted, .jobFailed, .workerRegistered, .workerStateChanged, .workerUnregistered,
            .warning:
            break
        }
    }

    private mutating func set(_ task: TaskID, _ state: SegmentState) {
        if let segment = encodes[task] ?? analyses[task] ?? segmentEncodedAgain(by: task) { mark(segment, state) }
    }

    /// The segment that a task encodes again, with another quality or in software; `nil` for other tasks.
    private func segmentEncodedAgain(by task: TaskID) -> Int? {
        guard let again = ["-again-", StagePlanner.standInSuffix].compactMap({ task.text.firstRange(of: $0) }).first
        else { return nil }
        return encodes[TaskID(String(task.text[..<again.lowerBound]))]
    }

    /// A late report never takes a finished segment back.
    private mutating func mark(_ segment: Int, _ state: SegmentState) {
        guard segments.indices.contains(segment), !segments[segment].isDone else { return }
        segments[segment] = state
    }
}
