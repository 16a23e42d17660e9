// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CFFmpeg
package import MartletModel
package import MartletPorts

/// Reads media files with libavformat and libavcodec, in this process.
///
/// Calls block threads of its own, never the cooperative pool. What a file
/// contains and its displayed frames are kept in a cache on disk, so that a
/// known film is read again in milliseconds.
package struct MediaReader: MediaProber {
    private let files: any FileStore
    private let cache: ScanCache?

    /// Makes a reader; without `cacheDirectory` nothing is kept. The directory is made when first needed.
    package init(files: any FileStore, cacheDirectory: String?) {
        self.files = files
        cache = cacheDirectory.map { ScanCache(directory: $0, files: files) }
    }

    /// What the file contains.
    ///
    /// - Throws: `MediaError` with `unreadable`, `notMedia` or `nothingToEncode`.
    package func describe(path: String) async throws -> SourceDescription {
        let (files, cache) = (files, cache)
        try await blocking("martlet.check") { _ in try Acceptance.checkFile(path) }
        let fingerprint = try await files.fingerprint(of: path)
        let (made, isKnown) = try await blocking("martlet.describe") { _ in
            if let known = cache?.description(of: fingerprint, path: path) { return (known, true) }
            return (try SourceReading(path: path, fingerprint: fingerprint).describe(), false)
        }
        if !isKnown { await cache?.store(made) }
        return made
    }

    /// The displayed frames of one picture stream.
    ///
    /// Once a stream was listed by decoding, that list answers for both methods.
    /// From packets about 3 us a frame; by decoding as long as decoding takes on one thread.
    ///
    /// - Throws: `MediaError` with `unreadable`, `nothingToEncode`, `noDecoder`, `sourceChanged` or `failed`.
    package func index(
        of source: SourceDescription, stream: Int, method: FrameIndex.Method
    ) async throws -> FrameIndex {
        let (files, cache) = (files, cache)
        try await blocking("martlet.check") { _ in try Acceptance.checkFile(source.path) }
        guard try await files.fingerprint(of: source.path) == source.fingerprint else {
            throw changed(source.path)
        }
        let (made, isKnown) = try await blocking("martlet.index") { stop in
            if let known = cache?.index(of: source.fingerprint, stream: stream),
                method == .packets || known.method == .decode
            {
                return (known, true)
            }
            do {
                return (try FrameLister(path: source.path, stream: stream, stop: stop).list(method: method), false)
            } catch let failure as AVFailure {
                throw Self.failed(source.path, failure)
            }
        }
        if !isKnown { await cache?.store(made, of: source.fingerprint) }
        return made
    }

    private func changed(_ path: String) -> MediaError {
        MediaError(
            .sourceChanged, "\(path) changed while it was used.",
            advice: "Start again when nothing writes to the file.")
    }

    private static func failed(_ path: String, _ failure: AVFailure) -> MediaError {
        MediaError(
            .failed, "\(path): cannot \(failure.operation): \(failure.reason).",
            advice: "Check that the disk is readable and the file is complete.")
    }

    /// The packets of the first stream of a file that Martlet made.
    ///
    /// A file without a stream, or without a byte, is no error: its kind is `nil`.
    ///
    /// - Throws: `MediaError` with `unreadable` or `failed`.
    package func inspect(path: String) async throws -> StreamInspection {
        try await blocking("martlet.inspect") { stop in try StreamInspecting(path: path).inspect(stop) }
    }
}

extension MediaReader: SoundScanner {
    /// Where the sound of a film lies. Reads the whole file.
    ///
    /// - Throws: `MediaError` with `unreadable`, `sourceChanged` or `failed`.
    package func sounds(of source: SourceDescription) async throws -> [AudioRuns] {
        try await blocking("martlet.check") { _ in try Acceptance.checkFile(source.path) }
        guard try await files.fingerprint(of: source.path) == source.fingerprint else { throw changed(source.path) }
        return try await blocking("martlet.sounds") { stop in
            do {
                return try SoundScan(path: source.path, stop: stop).run()
            } catch let failure as AVFailure {
                throw Self.failed(source.path, failure)
            }
        }
    }
}
