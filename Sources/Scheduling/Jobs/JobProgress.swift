// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel

/// How far a job is, and how fast it goes.
///
/// Effort is counted in the tasks' costs, so that a hard scene weighs more than
/// a still picture. Speed is that of the last 30 s.
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
    }

    /// The effort of all known tasks.
    private(set) var totalCost = 0.0
    /// The effort of completed tasks.
    private(set) var completedCost = 0.0
    /// The output frames of completed tasks.
    private(set) var completedFrames = 0
    private var shares: [TaskID: Share] = [:]
    private var costs: [TaskID: Double] = [:]
    private var samples: [Sample] = []

    /// Makes the progress of a job without tasks.
    package init() {}

    /// The share of the known effort that is done, 0 to 1; 0 without tasks.
    package var fraction: Double { totalCost > 0 ? min(doneCost / totalCost, 1) : 0 }

    /// Output frames written, those of running tasks included.
    package var frames: Int { shares.values.reduce(completedFrames) { $0 + $1.frames } }

    /// Output frames a second over the window; 0 until two reports are 1 s apart.
    package var framesPerSecond: Double {
        guard let (first, last, seconds) = window else { return 0 }
        return max(Double(last.frames - first.frames) / seconds, 0)
    }

    /// Seconds until all known tasks are done, at the window's speed; `nil` when that is unknown.
    package var remainingSeconds: Double? {
        guard let (first, last, seconds) = window, last.cost > first.cost else { return nil }
        return max(totalCost - last.cost, 0) * seconds / (last.cost - first.cost)
    }

    private var doneCost: Double {
        shares.reduce(completedCost) { $0 + $1.value.fraction * (costs[$1.key] ?? 0) }
    }

    private var window: (first: Sample, last: Sample, seconds: Double)? {
        guard let first = samples.first, let last = samples.last else { return nil }
        let seconds = (last.time - first.time).inSeconds
        return seconds >= 1 ? (first, last, seconds) : nil
    }

    /// A task is known; its result may be there already.
    mutating func taskAdded(_ task: TaskSpecification, isCompleted: Bool) {
        totalCost += task.cost
        if isCompleted {
            completedCost += task.cost
            completedFrames += task.outputFrames
        }
    }

    /// A running task reported.
    mutating func taskProgressed(_ task: TaskSpecification, frames: Int?, outputMicroseconds: Int64?) {
        let fraction = task.fraction(frames: frames, outputMicroseconds: outputMicroseconds)
        shares[task.id] = Share(fraction: fraction, frames: task.makesPicture ? frames ?? 0 : 0)
        costs[task.id] = task.cost
    }

    /// An attempt is over; its part counts no more unless it brought the result.
    mutating func attemptEnded(_ task: TaskSpecification, isCompleted: Bool) {
        shares[task.id] = nil
        costs[task.id] = nil
        if isCompleted {
            completedCost += task.cost
            completedFrames += task.outputFrames
        }
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
    var expectedFrames: Int? {
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
