// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// A worker of the plain protocol, as it was heard of last.
package struct StreamWorker: Sendable, Equatable {
    /// What a heartbeat says.
    package struct Report: Sendable, Equatable {
        /// Whether it has nothing to do.
        package var isIdle: Bool
        /// The kinds of hardware that it can encode with.
        package var hardware: [String]
        /// The share of all processors that is in use, 0 to 1; `nil` when it does not say.
        package var processors: Double?

        /// Makes a report.
        package init(isIdle: Bool, hardware: [String] = [], processors: Double? = nil) {
            self.isIdle = isIdle
            self.hardware = hardware
            self.processors = processors
        }
    }

    /// Its name.
    package let id: WorkerID
    /// What it said last; `nil` when it was not heard since this process began.
    package internal(set) var report: Report?
    /// When it was heard last.
    package internal(set) var lastHeard: Moment
    /// Whether it is to get nothing more.
    package internal(set) var isDraining = false
    /// Offers in a row that it refused or did not hear.
    package internal(set) var refusals = 0
    /// Until when it is offered nothing, after a refusal.
    package internal(set) var restsUntil: Moment?
    /// Streams that it completed.
    package internal(set) var completed = 0
    /// Streams that failed at it.
    package internal(set) var failed = 0

    init(_ id: WorkerID, heard now: Moment) {
        self.id = id
        lastHeard = now
    }

    /// Whether something can be offered to it.
    func takesOffers(at now: Moment) -> Bool {
        report?.isIdle == true && !isDraining && restsUntil.map { $0 <= now } ?? true
    }

    /// Whether it is the better choice: hardware first, then the one with the least to do.
    func isBetter(than other: StreamWorker) -> Bool {
        let (own, others) = (report?.hardware.isEmpty == false, other.report?.hardware.isEmpty == false)
        guard own == others else { return own }
        let (load, otherLoad) = (report?.processors ?? 1, other.report?.processors ?? 1)
        return load == otherLoad ? id < other.id : load < otherLoad
    }
}
