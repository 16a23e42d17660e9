// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import FoundationEssentials
internal import Glibc
internal import MartletModel

/// Keeps the listings of programs and the encoders that were seen to work in a
/// directory, so that a start does not have to run them again.
///
/// An entry holds for one path, size and time of change. A directory that
/// cannot be used only costs time.
struct ListingCache: Sendable {
    private struct Entry: Codable {
        var format: Int
        var path: String
        var size: Int64
        var modifiedMilliseconds: Int64
        var listing: BuildListing
        var working: Set<String>
    }

    /// Grows when `BuildListing` changes.
    private static let format = 2

    private let directory: String?

    /// Makes a cache; `nil` keeps nothing.
    init(directory: String?) { self.directory = directory }

    /// The kept listing of the program as it is now, and which of its encoders were seen to work; `nil` when there is
    /// none.
    func kept(of program: FFmpegProgram) -> (listing: BuildListing, working: Set<String>)? {
        guard let file = file(for: program), let content = FileManager.default.contents(atPath: file.path),
            let entry = try? JSONDecoder().decode(Entry.self, from: content), let state = state(of: program),
            entry.format == Self.format, entry.path == program.path, entry.size == state.size,
            entry.modifiedMilliseconds == state.modifiedMilliseconds
        else { return nil }
        return (entry.listing, entry.working)
    }

    /// Keeps a listing, and which encoders work; what fails here is tried again at the next start.
    func keep(_ listing: BuildListing, working: Set<String>, of program: FFmpegProgram) {
        guard let file = file(for: program), let state = state(of: program) else { return }
        let entry = Entry(
            format: Self.format, path: program.path, size: state.size,
            modifiedMilliseconds: state.modifiedMilliseconds, listing: listing, working: working)
        try? FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try? JSONEncoder().encode(entry).write(to: file, options: .atomic)
    }

    private func file(for program: FFmpegProgram) -> URL? {
        guard let directory else { return nil }
        var hash = StableHash()
        hash.combine(program.path)
        return URL(filePath: directory).appending(path: "ffmpeg-\(String(hash.value, radix: 16)).json")
    }

    private func state(of program: FFmpegProgram) -> (size: Int64, modifiedMilliseconds: Int64)? {
        var facts = stat()
        guard stat(program.path, &facts) == 0 else { return nil }
        return (Int64(facts.st_size), Int64(facts.st_mtim.tv_sec) * 1000 + Int64(facts.st_mtim.tv_nsec) / 1_000_000)
    }
}
