// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// How far a job is, and how fast it goes.
///
/// Effort is counted in the tasks' costs, so that a hard scene weighs more than
/// a still picture. Speed is that of the last 30 s. What was once reported as
/// done stays so, even when more turns out to be left than was expected.
package struct JobProgress: Equatable, Sendable {
    /// A point of the speed window.
    struct Sample: Equatable, Sendable {
        var time: Moment
        var cost: Double
        var frames: Int
    }

    /// A running task's part.
    struct Share: Equatable, Sendable {
        /// Of the task's effort, 0 to 1.
        var fraction: Double
        /// Output frames written.
        var frames: Int
        /// The task's effort.
        var cost: Double
    }

    /// The share of a job that is the join and the check of its result.
    static let joinShare = 0.05

    /// The share of the job that was done before its first task, 0 to 1.
    let doneBefore: Double
    /// The effort expected of tasks that are not known yet.
    private(set) var laterCost: Double
    /// What the job is at.
    private(set) var stage = JobStage.encoding
    /// The share of the job that is done, 0 to 1; never falls.
    package private(set) var fraction: Double
    private var joined = 0.0
    /// The effort of all known tasks.
    private(set) var totalCost = 0.0
    /// The effort of completed tasks.
    private(set) var completedCost = 0.0
    /// The output frames of completed tasks.
    private(set) var completedFrames = 0
    private var shares: [TaskID: Share] = [:]
    /// The effort that running tasks have behind them.
    private var runningCost = 0.0
    /// The output frames that running tasks have written.
    private var runningFrames = 0
    private var samples: [Sample] = []

    /// Makes the progress of a job without tasks.
    package init(doneBefore: Double = 0, laterCost: Double = 0) {
        self.doneBefore = doneBefore
        self.laterCost = laterCost
        fraction = doneBefore
    }

    /// Output frames written, those of running tasks included.
    package var frames: Int { completedFrames + runningFrames }

    /// Output frames a second over the window; 0 until two reports are 1 s apart.
    package var framesPerSecond: Double {
        guard let (first, last, seconds) = window else { return 0 }
        return max(Double(last.frames - first.frames) / seconds, 0)
    }

    /// Seconds until all tasks are done, at the window's speed; `nil` when that is unknown.
    package var remainingSeconds: Double? {
        guard let (first, last, seconds) = window, last.cost > first.cost else { return nil }
        return max(totalCost + laterCost - last.cost, 0) * seconds / (last.cost - first.cost)
    }

    private var doneCost: Double { completedCost + runningCost }

    private var window: (first: Sample, last: Sample, seconds: Double)? {
        guard let first = samples.first, let last = samples.last else { return nil }
        let seconds = (last.time - first.time).inSeconds
        return seconds >= 1 ? (first, last, seconds) : nil
    }

    /// Tasks of a stage are known, and how much effort is expected to follow them.
    mutating func stagePlanned(_ tasks: [TaskSpecification], laterCost: Double) {
        self.laterCost = laterCost
        guard !tasks.isEmpty else { return }
        if tasks.contains(where: { if case .analyse = $0.kind { true } else { false } }) {
            stage = .analysing
        } else if tasks.contains(where: { if case .measure = $0.kind { true } else { false } }) {
            stage = .searching
        } else {
            stage = .encoding
        }
    }

    /// The join is so far, 0 to 1; `stage` says whether it is written or checked.
    mutating func joined(_ stage: JobStage, share: Double) {
        self.stage = stage
        laterCost = 0
        joined = min(max(share, joined), 1)
        raise()
    }

    /// Takes up what is done by now; to be called when all tasks of a stage are added.
    mutating func raise() {
        let effort = totalCost + laterCost
        let tasks = effort > 0 ? min(doneCost / effort, 1) : joined > 0 ? 1 : 0
        let share = (1 - Self.joinShare) * tasks + Self.joinShare * joined
        fraction = max(fraction, doneBefore + (1 - doneBefore) * share)
    }

    /// A task is known; its result may be there already.
    mutating func taskAdded(_ task: TaskSpecification, isCompleted: Bool) {
        totalCost += task.cost
        if isCompleted {
            completedCost += task.cost
            completedFrames += task.outputFrames
        }
    }

    /// A task is not wanted any more; its result may be there.
    mutating func taskDropped(_ task: TaskSpecification, wasCompleted: Bool) {
        totalCost -= task.cost
        guard wasCompleted else { return }
        completedCost -= task.cost
        completedFrames -= task.outputFrames
    }

    /// A running task reported; of several attempts the one that is furthest counts.
    mutating func taskProgressed(_ task: TaskSpecification, frames: Int?, outputMicroseconds: Int64?) {
        let fraction = task.fraction(frames: frames, outputMicroseconds: outputMicroseconds)
        let share = Share(fraction: fraction, frames: task.makesPicture ? frames ?? 0 : 0, cost: task.cost)
        if let known = shares[task.id], known.fraction > fraction { return }
        replace(share, of: task.id)
        raise()
    }

    /// An attempt is over; its part counts no more unless it brought the result.
    mutating func attemptEnded(_ task: TaskSpecification, isCompleted: Bool) {
        replace(nil, of: task.id)
        if isCompleted {
            completedCost += task.cost
            completedFrames += task.outputFrames
        }
        raise()
    }

    private mutating func replace(_ share: Share?, of task: TaskID) {
        let old = shares[task]
        shares[task] = share
        runningCost += (share.map { $0.fraction * $0.cost } ?? 0) - (old.map { $0.fraction * $0.cost } ?? 0)
        runningFrames += (share?.frames ?? 0) - (old?.frames ?? 0)
        // What rounding left behind must not pile up.
        if shares.isEmpty { runningCost = 0 }
    }

    /// Notes where things stand, once a second at most, for the speed.
    mutating func sampled(now: Moment) {
        if let last = samples.last, now - last.time < .seconds(1) { return }
        samples.append(Sample(time: now, cost: doneCost, frames: frames))
        while let first = samples.first, now - first.time > .seconds(30), samples.count > 2 { samples.removeFirst() }
    }
}

extension TaskSpecification {
    /// Whether its result is the encoded picture.
    var makesPicture: Bool { if case .encode = kind { true } else { false } }

    /// The frames that its result must have; `nil` when that is not fixed.
    package var expectedFrames: Int? {
        switch expectation {
        case .frames(let segment): segment.frameCount
        case .frameCount(let count): count
        case .sound, .anything: nil
        }
    }

    /// The frames that it adds to the film.
    var outputFrames: Int { makesPicture ? expectedFrames ?? 0 : 0 }

    /// The share of its effort that is done, 0 to 1; 0 when that cannot be told.
    func fraction(frames: Int?, outputMicroseconds: Int64?) -> Double {
        if let expected = expectedFrames, expected > 0, let frames {
            return min(max(Double(frames) / Double(expected), 0), 1)
        }
        if case .sound(let duration?) = expectation, duration > 0, let outputMicroseconds {
            return min(max(Double(outputMicroseconds) / Double(duration), 0), 1)
        }
        return 0
    }
}
