// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// Runs ffmpeg.
package protocol EncoderRunner: Sendable {
    /// Runs ffmpeg to its end, or kills it and its whole process group when the
    /// calling task is cancelled or no new frame appears in time.
    ///
    /// - Parameter progress: called for every progress report, at most a few
    ///   times a second, from any thread.
    /// - Throws: a `CodedError`; retryable for stalls, signals and failed runs,
    ///   not for "no space left". `CancellationError` when cancelled.
    func run(_ run: EncoderRun, progress: @escaping @Sendable (RunProgress) -> Void) async throws -> RunReport
}

/// One run of ffmpeg.
package struct EncoderRun: Sendable, Equatable {
    /// The arguments, paths filled in, without the program and the global options.
    package var arguments: [String]
    /// How long the run may go without a new frame (or, for sound, without new output) before it is killed.
    package var stallTimeout: Duration
    /// What is added to that until the first frame or output.
    package var startAllowance: Duration
    /// Added to the niceness of the process, 0 to 19.
    package var niceness: Int

    /// Makes a run.
    package init(
        arguments: [String], stallTimeout: Duration = .seconds(120), startAllowance: Duration = .zero, niceness: Int = 0
    ) {
        self.arguments = arguments
        self.stallTimeout = stallTimeout
        self.startAllowance = startAllowance
        self.niceness = niceness
    }
}

/// How far a run is, from ffmpeg's `-progress` reports.
package struct RunProgress: Sendable, Equatable, Codable {
    /// Frames written so far; `nil` for runs without a picture.
    package var frames: Int?
    /// Output frames a second, as ffmpeg counts them; `nil` when unknown.
    package var framesPerSecond: Double?
    /// The output's time so far, in microseconds; `nil` when ffmpeg says `N/A`.
    package var outputMicroseconds: Int64?
    /// Bytes written so far; `nil` when unknown.
    package var size: ByteCount?

    /// Makes a report.
    package init(
        frames: Int? = nil, framesPerSecond: Double? = nil, outputMicroseconds: Int64? = nil, size: ByteCount? = nil
    ) {
        self.frames = frames
        self.framesPerSecond = framesPerSecond
        self.outputMicroseconds = outputMicroseconds
        self.size = size
    }
}

/// What a finished run cost and said.
package struct RunReport: Sendable, Equatable {
    /// CPU time of the process, user and system.
    package var cpuTime: Duration
    /// Wall time from start to end.
    package var wallTime: Duration
    /// The largest resident size.
    package var peakMemory: ByteCount
    /// The last 32 KiB of its messages.
    package var log: String
    /// Everything it wrote to standard output besides progress; empty unless asked for.
    package var output: String

    /// Makes a report.
    package init(cpuTime: Duration, wallTime: Duration, peakMemory: ByteCount, log: String, output: String = "") {
        self.cpuTime = cpuTime
        self.wallTime = wallTime
        self.peakMemory = peakMemory
        self.log = log
        self.output = output
    }
}

/// Knows what the installed ffmpeg can do.
package protocol EncoderCatalog: Sendable {
    /// The installed ffmpeg.
    ///
    /// - Throws: a `CodedError` with advice when ffmpeg is missing or too old.
    func build() async throws -> EncoderBuild

    /// Whether a tiny encode with this encoder works here, tried once and remembered.
    /// `nil` when it works, else the reason in one line.
    func failure(of encoder: String) async -> String?
}

/// The installed ffmpeg, as far as it decides what results look like.
package struct EncoderBuild: Sendable, Codable, Hashable {
    /// The version line's version, such as `5.1.9-0+deb12u1`.
    package var version: String
    /// The major version of libavcodec, such as 59.
    package var codecMajorVersion: Int
    /// A digest of version, configuration and library versions: equal digests, equal encoders.
    package var digest: String
    /// The names of the compiled-in encoders.
    package var encoders: Set<String>
    /// The names of the compiled-in filters.
    package var filters: Set<String>

    /// Makes a build from its parts.
    package init(version: String, codecMajorVersion: Int, digest: String, encoders: Set<String>, filters: Set<String>) {
        self.version = version
        self.codecMajorVersion = codecMajorVersion
        self.digest = digest
        self.encoders = encoders
        self.filters = filters
    }
}
