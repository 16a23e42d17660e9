// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel

/// How fast one slot of a worker is believed to be, in reference seconds of work a second.
///
/// A Kalman filter of one number, on the logarithm, since errors of speed are
/// factors. An attempt tells the speed within 20 %, as the costs of tasks are guessed.
struct SpeedEstimate: Equatable, Sendable {
    private static let noise = 0.04
    private static let leastVariance = 0.001

    private var logarithm: Double
    private var variance: Double

    /// The speed that a worker measured itself; right within 15 %.
    init(benchmark: Double) {
        logarithm = Logarithm.of(max(benchmark, 1e-6))
        variance = 0.0225
    }

    /// The speed that one attempt showed.
    init(sample: Double) {
        logarithm = Logarithm.of(max(sample, 1e-6))
        variance = Self.noise
    }

    /// The speed.
    var speed: Double { Logarithm.inverse(logarithm) }

    /// Another attempt showed this speed.
    mutating func observe(_ sample: Double) {
        let gain = variance / (variance + Self.noise)
        logarithm += gain * (Logarithm.of(max(sample, 1e-6)) - logarithm)
        variance = max((1 - gain) * variance, Self.leastVariance)
    }
}

/// What is known of the speed of a worker's slots.
package struct WorkerSpeeds: Equatable, Sendable {
    private var overall: SpeedEstimate?
    private var encoders: [String: SpeedEstimate] = [:]
    /// Seconds from an assignment to the first frame, of late; 1 until one was seen.
    package private(set) var startSeconds = 1.0

    /// Begins with what the worker measured itself; `nil` when it did not.
    package init(benchmark: Double?) {
        overall = benchmark.map { SpeedEstimate(benchmark: $0) }
    }

    /// Reference seconds of work a second of one slot, with any encoder; `nil` when nothing is known.
    package var speed: Double? { overall?.speed }

    /// As `speed`, with this encoder; of other encoders when this one was not seen yet.
    package func speed(of encoder: String) -> Double? { encoders[encoder]?.speed ?? overall?.speed }

    /// An attempt brought a result.
    mutating func observe(_ task: TaskSpecification, _ pace: AttemptPace, now: Moment) {
        if let first = pace.firstNews { observeStart((first - pace.started).inSeconds) }
        // What was slowed down by others says nothing of the worker.
        if !pace.isUneven { observe(task.encoder, cost: task.cost, seconds: (now - pace.started).inSeconds) }
    }

    /// An attempt at a task of this cost took so long.
    package mutating func observe(_ encoder: String, cost: Double, seconds: Double) {
        guard cost > 0, seconds > 0 else { return }
        let sample = cost / seconds
        var known = encoders[encoder] ?? overall ?? SpeedEstimate(sample: sample)
        known.observe(sample)
        encoders[encoder] = known
        var all = overall ?? SpeedEstimate(sample: sample)
        all.observe(sample)
        overall = all
    }

    /// An attempt's first frame came so long after its assignment.
    package mutating func observeStart(_ seconds: Double) {
        startSeconds += 0.3 * (seconds - startSeconds)
    }
}
