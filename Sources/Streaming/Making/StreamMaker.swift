// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel
package import MartletPlanning
package import MartletPorts
internal import MartletScheduling

/// Scans films for streams, and makes the parts of them with ffmpeg.
package struct StreamMaker: Sendable {
    private let reader: any MediaProber & SoundScanner
    private let catalog: any EncoderCatalog
    private let packager: any StreamPackager
    private let files: any FileStore
    private let scratch: StreamScratch
    private let broken = BrokenHardware()
    /// Sound and subtitles may be silent anywhere.
    private static let silence: Duration = .seconds(120)

    /// Composes it; nothing is started.
    ///
    /// - Parameters:
    ///   - reader: reads films, in a child process where they are not trusted.
    ///   - scratch: the directory for what ffmpeg writes; made when first needed.
    package init(
        reader: any MediaProber & SoundScanner, encoder: any EncoderRunner, catalog: any EncoderCatalog,
        packager: any StreamPackager, files: any FileStore, scratch: String
    ) {
        self.reader = reader
        self.catalog = catalog
        self.packager = packager
        self.files = files
        self.scratch = StreamScratch(encoder: encoder, files: files, directory: scratch)
    }

    /// The usual options for streams made here: the best encoder that works for a codec.
    ///
    /// - Returns: the options, and what the user should know of the choice, a sentence each.
    /// - Throws: `PlanningError` with `encoderUnavailable`; what the catalog throws when there is no ffmpeg.
    package func options(
        codec: VideoCodec = .h264, hardware: HardwareChoice = .auto
    ) async throws -> (options: StreamOptions, warnings: [String]) {
        let build = try await catalog.build()
        var facts = EncoderAvailability(
            codecMajorVersion: build.codecMajorVersion, compiledIn: build.encoders, filters: build.filters)
        for name in EncoderSelection.candidates(codec: .codec(codec), hardware: hardware) {
            // Software encoders do not depend on the machine: compiled in means usable.
            guard build.encoders.contains(name), EncoderProfile.named(name)?.family.isHardware == true else { continue }
            let trial = await catalog.failure(of: name)
            if let reason = broken.reason(against: name) ?? trial { facts.failures[name] = reason }
        }
        let choice = try EncoderSelection.choose(codec: .codec(codec), hardware: hardware, availability: facts)
        let options = StreamOptions(
            encoder: choice.profile.name, build: build.digest, codecMajorVersion: build.codecMajorVersion)
        return (options, choice.warnings)
    }

    /// Scans a film: its streams, the frames of its picture, the places of its sound.
    ///
    /// As long as reading the file twice takes; the first half of it comes from the reader's own cache for known films.
    ///
    /// - Throws: what the reader throws; `PlanningError` with `nothingToEncode` for films without a picture.
    package func film(at path: String) async throws -> StreamFilm {
        let source = try await reader.describe(path: path)
        guard let picture = source.mainVideo else {
            throw PlanningError(.nothingToEncode, "\(path) has no picture, so there is nothing to stream.")
        }
        guard picture.isDecodable else {
            throw PlanningError(
                .noDecoder, "This ffmpeg cannot decode the picture of \(path) (\(picture.codec)).",
                advice: "Install an ffmpeg with a decoder for it.")
        }
        async let index = reader.index(of: source, stream: picture.index, method: .packets)
        async let sounds = reader.sounds(of: source)
        return StreamFilm(source: source, index: try await index, sounds: try await sounds)
    }

    /// Makes a part. Cancelling the task stops ffmpeg.
    ///
    /// When hardware fails, software takes over where segments describe themselves (MPEG-TS). In MP4 both do not fit
    /// together: then the error says so, and `options` names software from now on.
    ///
    /// - Parameters:
    ///   - path: where the film lies here.
    ///   - niceness: added to the niceness of ffmpeg, 0 to 19.
    /// - Throws: `StreamingError`, what ffmpeg and the packager give reason for, `CancellationError`.
    package func make(
        _ part: StreamPart, of plan: StreamPlan, at path: String, niceness: Int = 0
    ) async throws -> PackagedPart {
        do {
            return try await made(part, of: plan, at: path, niceness: niceness)
        } catch let error as any CodedError {
            let encoder = plan.options.encoder
            guard HardwareEncoder.isOne(encoder), plan.video(named: part.rendition) != nil,
                HardwarePolicy.isToBlame(for: error.codeName)
            else { throw error }
            broken.note(encoder, reason: error.message)
            guard plan.options.container == .ts, let twin = try await inSoftware(plan) else {
                throw StreamingError(
                    .hardwareFailed, "\(encoder) fails at \(path): \(error.message)",
                    advice: "Open the stream again; it is made in software then.", log: error.log)
            }
            let stand = StreamPart(film: twin.id, rendition: part.rendition, number: part.number)
            return try await made(stand, of: twin, at: path, niceness: niceness)
        }
    }

    private func made(
        _ part: StreamPart, of plan: StreamPlan, at path: String, niceness: Int
    ) async throws -> PackagedPart {
        guard let recipe = plan.recipe(for: part) else {
            throw StreamingError(.noSuchPart, "The stream of \(path) has no part \(part).")
        }
        var limits = StreamScratch.Limits(niceness: niceness)
        if !recipe.isPicture { limits.stallTimeout = Self.silence }
        let result = try await run(recipe.command, of: plan.film, at: path, suffix: "mkv", limits: limits) {
            try await packager.package(recipe.encoded(at: $0))
        }
        try check(result.made, against: recipe, part: part, log: result.log)
        return result.made
    }

    /// The same stream with a picture by software; `nil` when there is no software for it.
    private func inSoftware(_ plan: StreamPlan) async throws -> StreamPlan? {
        var options = plan.options
        guard let other = try? await self.options(codec: options.codec, hardware: .none).options else { return nil }
        options.encoder = other.encoder
        return try StreamPlan(film: plan.film, options: options)
    }

    /// The text of a subtitle track, its times counted from the stream's zero.
    ///
    /// - Throws: `StreamingError`, what ffmpeg gives reason for, `CancellationError`.
    package func subtitles(_ rendition: String, of plan: StreamPlan, at path: String) async throws -> SubtitleText {
        guard let track = plan.subtitles(named: rendition) else {
            throw StreamingError(.noSuchPart, "The stream of \(path) has no subtitles \(rendition).")
        }
        let origin = plan.timeline.originMicroseconds
        let limits = StreamScratch.Limits(stallTimeout: Self.silence)
        return try await run(track.command, of: plan.film, at: path, suffix: "vtt", limits: limits) {
            SubtitleText(webVTT: try await files.text(of: $0), origin: (origin + 500) / 1000)
        }.made
    }

    /// Runs ffmpeg on a film that must stay what it is meanwhile.
    private func run<Made: Sendable>(
        _ command: FFmpegCommand, of film: StreamFilm, at path: String, suffix: String, limits: StreamScratch.Limits,
        take: (String) async throws -> Made
    ) async throws -> (made: Made, log: String) {
        try await checkSource(film, path)
        let result = try await scratch.run(command, at: path, suffix: suffix, limits: limits, take: take)
        try await checkSource(film, path)
        return result
    }

    private func checkSource(_ film: StreamFilm, _ path: String) async throws {
        guard files.exists(path) else {
            throw StreamingError(.sourceChanged, "\(path) is not there any more.")
        }
        let now = try await files.fingerprint(of: path)
        let known = film.source.fingerprint
        guard now.digest == known.digest, now.size == known.size else {
            throw StreamingError(.sourceChanged, "\(path) changed while it was streamed.")
        }
    }

    /// Players were told the codec before anything was encoded.
    private func check(_ made: PackagedPart, against recipe: StreamRecipe, part: StreamPart, log: String) throws {
        // How far an AAC stream goes beyond its base is not said by every header.
        let isKin = recipe.codecName.hasPrefix("mp4a.40") && made.codecName?.hasPrefix("mp4a.40") == true
        guard made.codecName == recipe.codecName || isKin else {
            throw StreamingError(
                .unexpectedResult,
                "\(part) was made as \(made.codecName ?? "nothing known") instead of \(recipe.codecName).",
                log: log)
        }
    }
}
