// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// How fast one attempt goes, and when it will be done.
package struct AttemptPace: Equatable, Sendable {
    /// A point that the rate is taken from.
    private struct Mark: Equatable, Sendable {
        var time: Moment
        var fraction: Double
    }

    /// The fencing number of its lease.
    package let epoch: Epoch
    /// Who runs it.
    package let worker: WorkerID
    /// When it was given out.
    package let started: Moment
    /// How long it was expected to take, in seconds.
    package let predicted: Double
    /// Whether another attempt ran already when it began.
    package let isCopy: Bool
    /// The share of the task that is done, 0 to 1.
    package private(set) var fraction = 0.0
    /// When its first frame was there.
    package private(set) var firstNews: Moment?
    /// Whether its rate changed so much that it says little of the worker.
    package private(set) var isUneven = false

    private var frames = 0
    private var lastNews: Moment
    private var lastReport: Moment?
    private var reportInterval = 2.0
    /// The rate is that since `older`, which is 5 to 10 s back once enough time has passed.
    private var older: Mark?
    private var newer: Mark?
    private var rates: ClosedRange<Double>?

    /// Makes the pace of an attempt that begins now.
    package init(epoch: Epoch, worker: WorkerID, started: Moment, predicted: Double, isCopy: Bool = false) {
        self.epoch = epoch
        self.worker = worker
        self.started = started
        self.predicted = predicted
        self.isCopy = isCopy
        lastNews = started
    }

    /// The attempt reported.
    ///
    /// - Parameters:
    ///   - fraction: the share of the task that is done, 0 to 1.
    ///   - frames: output frames written.
    package mutating func reported(fraction: Double, frames: Int?, now: Moment) {
        if let lastReport { reportInterval += 0.3 * ((now - lastReport).inSeconds - reportInterval) }
        lastReport = now
        let count = frames ?? self.frames
        guard fraction > self.fraction || count > self.frames else { return }
        self.fraction = max(fraction, self.fraction)
        self.frames = max(count, self.frames)
        lastNews = now
        firstNews = firstNews ?? now
        let mark = Mark(time: now, fraction: self.fraction)
        guard let newer else {
            (older, self.newer) = (mark, mark)
            return
        }
        if now - newer.time >= .seconds(5) {
            noteRate(from: newer, to: mark)
            (older, self.newer) = (newer, mark)
        }
    }

    /// Whether no frame came for so long that none may ever come.
    ///
    /// - Parameter patience: how long the first frame may take, in seconds.
    package func isStalled(now: Moment, patience: Double) -> Bool {
        let silence = (now - lastNews).inSeconds
        if firstNews == nil { return lastReport != nil ? silence > patience : silence > max(120, 10 * predicted) }
        let frameTime = frames > 0 ? (lastNews - started).inSeconds / Double(frames) : 0
        return silence > max(6, 3 * reportInterval, 10 * frameTime)
    }

    /// Seconds until it is done; infinite when it is stalled.
    package func remaining(now: Moment, patience: Double) -> Double {
        if isStalled(now: now, patience: patience) { return .infinity }
        let age = (now - started).inSeconds
        guard let rate, let lastReport else { return max(predicted - age, 0) }
        return max((1 - fraction) / rate - (now - lastReport).inSeconds, 0)
    }

    /// Shares of the task a second, of late; `nil` until there are two reports a second apart.
    private var rate: Double? {
        guard let older, let lastReport, fraction > older.fraction else { return nil }
        let seconds = (lastReport - older.time).inSeconds
        return seconds >= 1 ? (fraction - older.fraction) / seconds : nil
    }

    private mutating func noteRate(from old: Mark, to new: Mark) {
        let rate = (new.fraction - old.fraction) / (new.time - old.time).inSeconds
        let known = rates ?? rate...rate
        let all = min(known.lowerBound, rate)...max(known.upperBound, rate)
        rates = all
        if all.upperBound > 2.5 * all.lowerBound { isUneven = true }
    }
}
