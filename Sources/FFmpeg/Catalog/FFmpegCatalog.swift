// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import FoundationEssentials
package import MartletPorts
internal import Synchronization

/// Knows what the ffmpeg on this machine can do.
///
/// The first call of `build` runs ffmpeg three times, about 0.2 s; later
/// starts read the answer from the cache directory.
package actor FFmpegCatalog: EncoderCatalog {
    private let program: FFmpegProgram
    private let launcher: any ProcessLauncher
    private let time: any TimeSource
    private let cache: ListingCache
    private var listing: Task<BuildListing, any Error>?
    private var trials: [String: Task<String?, Never>] = [:]
    /// The encoders in software that were seen to work, now or at an earlier start.
    private var working: Set<String> = []

    /// Makes a catalog of one program.
    ///
    /// - Parameter cacheDirectory: where listings are kept between starts; made
    ///   where missing; `nil` keeps them in memory alone.
    package init(
        program: FFmpegProgram, launcher: any ProcessLauncher, time: any TimeSource, cacheDirectory: String?
    ) {
        self.program = program
        self.launcher = launcher
        self.time = time
        cache = ListingCache(directory: cacheDirectory)
    }

    /// The installed ffmpeg.
    ///
    /// - Throws: `FFmpegError` `missing` when it does not run or is not ffmpeg,
    ///   `tooOld` when it is older than 5.1.
    package func build() async throws -> EncoderBuild { try await listed().build }

    /// Whether a tiny encode works here, of three frames or a fifth of a second of
    /// sound; ended after 10 seconds, or 60 for encoders in software.
    ///
    /// An encoder in software that worked once is not tried again as long as the
    /// program is the same file; a device is tried at every start.
    package func failure(of encoder: String) async -> String? {
        if let trial = trials[encoder] { return await trial.value }
        let trial = Task { await attempt(encoder) }
        trials[encoder] = trial
        return await trial.value
    }

    private func listed() async throws -> BuildListing {
        if let listing { return try await listing.value }
        let reading = Task { try await read() }
        listing = reading
        do {
            return try await reading.value
        } catch {
            // The next caller tries again: the program may have been repaired meanwhile.
            listing = nil
            throw error
        }
    }

    private func read() async throws -> BuildListing {
        if let kept = cache.kept(of: program) {
            working = kept.working
            return kept.listing
        }
        async let version = text("-version")
        async let encoders = text("-encoders")
        async let filters = text("-filters")
        guard let listing = try await BuildListing(version: version, encoders: encoders, filters: filters) else {
            throw FFmpegError(
                .missing, "\(program.path) does not answer like ffmpeg.", advice: FFmpegProgram.installAdvice)
        }
        guard listing.isNewEnough else {
            throw FFmpegError(
                .tooOld, "\(program.path) is FFmpeg \(listing.build.version), which is older than 5.1.",
                advice: FFmpegProgram.installAdvice)
        }
        cache.keep(listing, working: [], of: program)
        return listing
    }

    /// What one run of ffmpeg writes to standard output.
    private func text(_ option: String) async throws -> String {
        let command = ProcessCommand(executable: program.path, arguments: ["-hide_banner", "-v", "error", option])
        let result: (ProcessResult, String)?
        do {
            result = try await withDeadline(.seconds(180), time: time) { [launcher] in
                let text = CollectedText()
                let ended = try await launcher.run(command, output: text.append, errors: { _ in })
                return (ended, text.value)
            }
        } catch let error as CancellationError {
            throw error
        } catch {
            throw FFmpegError(
                .missing, "\(program.path) cannot be started: \(error)", advice: FFmpegProgram.installAdvice)
        }
        guard let result, result.0.ending == .exited(0) else {
            throw FFmpegError(
                .missing, "`\(program.path) \(option)` does not work.", advice: FFmpegProgram.installAdvice)
        }
        return result.1
    }

    private func attempt(_ encoder: String) async -> String? {
        guard let listing = try? await listed() else { return "there is no usable ffmpeg" }
        guard listing.build.encoders.contains(encoder) else { return "this ffmpeg has no encoder \(encoder)" }
        // Text has no device to fail on.
        if listing.subtitleEncoders.contains(encoder) { return nil }
        if encoder.hasSuffix("_vaapi"), !hasRenderDevice { return "there is no render device in /dev/dri" }
        let trial = EncoderTrial(encoder: encoder, isAudio: listing.audioEncoders.contains(encoder))
        if !trial.isHardware, working.contains(encoder) { return nil }
        let process = FFmpegProcess(program: program, launcher: launcher, time: time)
        do {
            let report = try await withDeadline(trial.timeLimit, time: time) {
                try await process.run(trial.arguments, options: .init(stallTimeout: .seconds(60))) { _ in }
            }
            guard report != nil else {
                return "a test encode took longer than \(trial.timeLimit.components.seconds) seconds"
            }
            if !trial.isHardware {
                working.insert(encoder)
                cache.keep(listing, working: working, of: program)
            }
            return nil
        } catch let error as FFmpegError {
            // The log begins with the command.
            return EncoderTrial.reason(in: error.log.split(separator: "\n").dropFirst().joined(separator: "\n"))
        } catch {
            return "\(error)"
        }
    }

    private var hasRenderDevice: Bool {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/dev/dri")) ?? []
        return names.contains { $0.hasPrefix("renderD") }
    }
}

/// What a program wrote.
private final class CollectedText: Sendable {
    private let bytes = Mutex<[UInt8]>([])

    func append(_ piece: [UInt8]) { bytes.withLock { $0 += piece } }

    var value: String { bytes.withLock { String(decoding: $0, as: UTF8.self) } }
}
