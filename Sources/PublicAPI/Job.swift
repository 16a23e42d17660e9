// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel
internal import MartletWire

/// A film's way from its source to its output, as it stands at one moment.
public struct Job: Sendable, Hashable, Identifiable {
    /// Names one job.
    public struct ID: Sendable, Hashable, Codable, CustomStringConvertible {
        /// The name: lower-case letters, digits and dashes.
        public let rawValue: String

        /// Takes a name that was kept.
        public init(_ rawValue: String) { self.rawValue = rawValue }

        /// The name.
        public var description: String { rawValue }

        init(_ id: JobID) { rawValue = id.text }
        var model: JobID { JobID(rawValue) }
    }

    /// Where a job stands.
    public enum State: String, Sendable, Hashable, CaseIterable {
        /// It waits for its turn, is read or planned.
        case queued
        /// No worker is there that can do it.
        case waitingForWorkers
        /// Workers are measured for it.
        case benchmarking
        /// It is encoded.
        case processing
        /// It is joined and checked.
        case combining
        /// Its output is in place, and proved.
        case completed
        /// It cannot be done.
        case failed
        /// It is not wanted any more.
        case cancelled

        /// Whether nothing follows.
        public var isFinal: Bool { self == .completed || self == .failed || self == .cancelled }
    }

    /// How urgent a job is.
    public enum Priority: String, Sendable, Hashable, CaseIterable {
        case low, normal, high, critical
    }

    /// How much a result is checked before it is put in place.
    public enum Verification: String, Sendable, Hashable, CaseIterable {
        /// Only what the join itself proves.
        case none
        /// Frame counts, times, lengths and streams.
        case counts
        /// As `counts`, and everything is decoded and compared with the source.
        case full
    }

    /// Its name.
    public let id: ID
    /// What the user calls it.
    public let name: String
    /// Where it stands.
    public let state: State
    /// The share of its effort that is done, 0 to 1.
    public let progress: Double
    /// Frames that are encoded a second; `nil` while none are.
    public let framesPerSecond: Double?
    /// How long it will probably take; `nil` when unknown.
    public let remaining: Duration?
    /// Frames of the result; `nil` before it is planned.
    public let frames: Int?
    /// Bytes of the result; `nil` until completed.
    public let outputSize: Int64?
    /// What the user should know, a sentence each.
    public let warnings: [String]
    /// Why it failed, or why it waits; `nil` when neither.
    public let problem: MartletError?

    init(_ view: JobView) {
        id = ID(view.id)
        name = view.name
        state = State(view.state)
        progress = view.progress
        framesPerSecond = view.fps
        remaining = view.etaS.map { .milliseconds(Int64($0 * 1000)) }
        frames = view.frames
        outputSize = view.outputBytes
        warnings = view.warnings
        problem = view.error.map { MartletError(code: $0.code, message: $0.message, advice: $0.advice) }
    }
}

extension Job.State {
    init(_ state: JobState) {
        self =
            switch state {
            case .queued: .queued
            case .waitingForWorkers: .waitingForWorkers
            case .benchmarking: .benchmarking
            case .processing: .processing
            case .combining: .combining
            case .completed: .completed
            case .failed: .failed
            case .cancelled: .cancelled
            }
    }
}
