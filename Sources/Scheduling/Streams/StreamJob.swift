// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// A stream: a job that one worker encodes and serves itself, from some point of its source on.
package struct StreamJob: Sendable, Equatable, Codable {
    /// Where it stands.
    package enum Phase: Sendable, Equatable, Codable {
        /// Nobody has it.
        case waiting
        /// A worker was asked, and has not answered.
        case offered(WorkerID)
        /// A worker is at it.
        case streaming(WorkerID)
        case completed(WorkerID)
        case failed(reason: String)
        case cancelled

        /// Whether nothing follows.
        package var isFinal: Bool {
            switch self {
            case .completed, .failed, .cancelled: true
            case .waiting, .offered, .streaming: false
            }
        }
    }

    /// Its name.
    package let id: JobID
    /// How urgent it is.
    package var priority: Priority
    /// Its place among those of one priority: the smaller comes first.
    package let order: Int64
    /// Where the user wants it to begin in the source.
    package let start: Duration
    /// The source's length; `nil` while it is not known.
    package internal(set) var length: Duration?
    /// Where it stands.
    package internal(set) var phase: Phase = .waiting
    /// Where the worker that has it began, and the next one will begin.
    package internal(set) var begin: Duration
    /// The share of what the worker was given that is done, 0 to 1.
    package internal(set) var share: Double = 0
    /// How often it was offered; an answer to an older offer does not count.
    package internal(set) var offers = 0
    /// How often a worker failed at it.
    package internal(set) var failures = 0
    /// Why it was taken from whoever had it last; `nil` when it never was.
    package internal(set) var setback: String?
    /// Who failed at it; they get it again only when nobody else can.
    package internal(set) var avoided: Set<WorkerID> = []

    /// Makes a stream that nobody has.
    package init(id: JobID, priority: Priority, order: Int64, start: Duration) {
        self.id = id
        self.priority = priority
        self.order = order
        self.start = start
        begin = start
    }

    /// How far the stream is in the source; where it began while the length is not known.
    package var position: Duration {
        guard let length, length > begin else { return begin }
        return begin + (length - begin) * share
    }

    /// The share of everything that is done, 0 to 1.
    package var progress: Double {
        if case .completed = phase { return 1 }
        guard let length, length > start else { return share }
        return min(1, max(0, (position - start).inSeconds / (length - start).inSeconds))
    }

    /// Who has it.
    package var worker: WorkerID? {
        switch phase {
        case .offered(let worker), .streaming(let worker), .completed(let worker): worker
        case .waiting, .failed, .cancelled: nil
        }
    }
}
