// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPorts
import MartletWire

/// What is known of a job only while it is at work.
struct LiveJob: Sendable {
    /// How urgent it is.
    var priority: Priority
    /// When it was submitted, in milliseconds since 1970.
    var created: Int64
    /// Whether it was begun when its last process ended: workers may still be busy with it.
    var wasAtWork: Bool
    /// Who waits until it is at work again, or over.
    var waiters: [CheckedContinuation<Void, Never>] = []
    /// Where its result goes, on this machine.
    var output: String
    /// What reads, plans and awaits it; `nil` while it waits for its turn, or is being taken in.
    var work: Task<Void, Never>?
    /// Whether its user gave it up.
    var isUnwanted = false
    /// What it is at.
    var stage: JobStage?
    /// The share that is done, 0 to 1.
    var fraction = 0.0
    /// Output frames a second.
    var framesPerSecond: Double?
    /// Seconds to go.
    var remainingSeconds: Double?
    /// Why it does not go on now.
    var hindrance: ProblemView?
    /// The version of the ffmpeg that it is planned for; `nil` before that.
    var ffmpeg: String?

    /// A job that waits for its turn.
    init(_ record: JobRecord) {
        priority = record.priority
        created = record.createdMilliseconds
        output = record.output
        wasAtWork = record.state == .processing || record.state == .waitingForWorkers
        ffmpeg = record.service?.build?.version
    }

    /// It goes on when a worker comes.
    mutating func waits(for reason: String) {
        framesPerSecond = nil
        remainingSeconds = nil
        var problem = ProblemView(code: Self.noWorker, message: reason)
        problem.advice = ffmpeg.map {
            "Its segments come from ffmpeg \($0): `martlet workers -v` shows who has that and which encoders."
        }
        hindrance = problem
    }

    /// The workers that it waited for are there.
    mutating func waitsNoLonger() {
        if hindrance?.code == Self.noWorker { hindrance = nil }
    }

    private static let noWorker = "scheduling.no_worker"
}
