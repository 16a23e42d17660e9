// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel
package import MartletPorts

/// Makes what viewers want besides the stream, when they want it, once, and keeps it in the cache: pictures, and packets
/// that are taken as they are.
package actor ExtraFiles {
    /// What it works with.
    package struct Surroundings: Sendable {
        /// Where files are kept.
        package var cache: SegmentCache
        /// Lets one node at a time make a file.
        package var worker: any PartMaking
        /// Runs ffmpeg.
        package var encoder: any EncoderRunner
        /// Makes segments.
        package var packager: any StreamPackager
        /// Reads and removes what ffmpeg writes.
        package var files: any FileStore & FileParts
        /// Tells the time.
        package var time: any TimeSource

        /// Makes surroundings.
        package init(
            cache: SegmentCache, worker: any PartMaking, encoder: any EncoderRunner, packager: any StreamPackager,
            files: any FileStore & FileParts, time: any TimeSource
        ) {
            self.cache = cache
            self.worker = worker
            self.encoder = encoder
            self.packager = packager
            self.files = files
            self.time = time
        }
    }

    /// A file that is being made, and how many wait for it.
    private struct Making {
        var task: Task<PartOutcome, any Error>
        var waiters = 0
    }

    private let surroundings: Surroundings
    private let scratch: StreamScratch
    private var making: [StreamPart: Making] = [:]
    /// Pictures must not keep processors from streams, nor a list of films from what is watched.
    private let pictures = Turns(count: 1)
    private let copies = Turns(count: 4)

    /// How long somebody waits at the most.
    private static let patience: Duration = .seconds(90)
    /// How long what another node makes is left alone before it is looked for again.
    private static let look: Duration = .milliseconds(500)
    /// Pictures stand behind everything else on the machine.
    private static let ofPictures = StreamScratch.Limits(niceness: 3)

    /// Makes it; nothing is begun.
    package init(with surroundings: Surroundings) {
        self.surroundings = surroundings
        scratch = StreamScratch(
            encoder: surroundings.encoder, files: surroundings.files, directory: surroundings.cache.scratch)
    }

    /// A picture, drawn by a run of ffmpeg on a film.
    ///
    /// - Throws: `StreamingError` `cannotMake`, `timedOut`; what the cache throws; `CancellationError`.
    func picture(
        _ name: CacheName, of part: StreamPart, by command: FFmpegCommand, at path: String
    ) async throws
        -> CachedFile
    {
        let (surroundings, scratch) = (surroundings, scratch)
        return try await file(name, of: part, with: [name], turns: pictures) {
            let bytes = try await scratch.run(command, at: path, suffix: "jpg", limits: Self.ofPictures) { output in
                let size = try surroundings.files.size(of: output).bytes
                return try await surroundings.files.read(output, bytes: 0..<size)
            }.made
            return PackagedPart(initialization: [], segments: [(part.number, bytes)], codecName: nil)
        } publish: { packaged in
            guard let bytes = packaged.segments.first?.bytes, !bytes.isEmpty else {
                throw StreamingError(.cannotMake, "There is no picture at that place of the film.")
            }
            try await surroundings.cache.store(bytes, as: name)
        }
    }

    /// A segment that a run of ffmpeg on a film makes, with others or alone, or what stands before all of them.
    ///
    /// - Throws: as `picture`.
    func segment(
        _ name: CacheName, of part: StreamPart, by recipe: (command: FFmpegCommand, part: EncodedPart), at path: String
    ) async throws -> CachedFile {
        let (surroundings, scratch) = (surroundings, scratch)
        let container = recipe.part.container
        var files = recipe.part.pieces.map {
            CacheName(film: part.film, rendition: part.rendition, segment: $0.segment, container: container)
        }
        if container == .mp4 {
            files.append(CacheName(film: part.film, rendition: part.rendition, file: CacheName.initialization))
        }
        return try await file(name, of: part, with: files, turns: copies) {
            try await scratch.run(recipe.command, at: path, suffix: "mkv") { output in
                var encoded = recipe.part
                encoded.path = output
                return try await surroundings.packager.package(encoded)
            }.made
        } publish: { packaged in
            try await surroundings.cache.publish(packaged, of: part, container: container)
        }
    }

    private func file(
        _ name: CacheName, of part: StreamPart, with files: [CacheName], turns: Turns,
        work: @escaping @Sendable () async throws -> PackagedPart,
        publish: @escaping @Sendable (PackagedPart) async throws -> Void
    ) async throws -> CachedFile {
        let end = surroundings.time.now() + Self.patience
        while surroundings.time.now() < end {
            if let file = await surroundings.cache.find(name) { return file }
            switch try await outcome(of: part, with: files, turns: turns, work: work, publish: publish) {
            case .made, .found:
                if let file = await surroundings.cache.find(name) { return file }
                // Another node has made it and keeps it to itself, or it had to go already.
                try await publish(try await turns.pass(work))
            case .held(let remaining):
                try await surroundings.time.sleep(until: surroundings.time.now() + min(remaining, Self.look))
            case .stopped: try Task.checkCancellation()
            case .failed(let reason, _): throw StreamingError(.cannotMake, reason)
            case .full(let reason): throw StreamingError(.noSpace, reason, isRetryable: true)
            }
        }
        throw StreamingError(.timedOut, "\(name) was not made in \(Self.patience).", isRetryable: true)
    }

    /// What comes of the making of a part, which all who want it share; it ends when nobody waits for it any more.
    private func outcome(
        of part: StreamPart, with files: [CacheName], turns: Turns,
        work: @escaping @Sendable () async throws -> PackagedPart,
        publish: @escaping @Sendable (PackagedPart) async throws -> Void
    ) async throws -> PartOutcome {
        let worker = surroundings.worker
        let task =
            making[part]?.task
            ?? Task { try await turns.pass { await worker.make(part, files: files, work: work, publish: publish) } }
        making[part, default: Making(task: task)].waiters += 1
        defer {
            making[part]?.waiters -= 1
            if making[part]?.waiters == 0 { making[part] = nil }
        }
        return try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            Task { await self.leave(part) }
        }
    }

    /// Ends the making of a part when he who leaves was the last to wait for it.
    private func leave(_ part: StreamPart) {
        if making[part]?.waiters == 1 { making[part]?.task.cancel() }
    }
}
