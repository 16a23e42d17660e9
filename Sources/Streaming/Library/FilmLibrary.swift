// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel
package import MartletPorts
internal import MartletWire

/// The films that are served: one file, or everything below a directory.
///
/// Nothing outside is ever opened: links are followed before that is decided.
package struct FilmLibrary: Sendable {
    /// A film, by its name alone; it has not been opened.
    package struct Film: Sendable, Equatable {
        /// Its path below the directory that is served.
        package var path: String
        /// Its size.
        package var size: ByteCount
        /// When it was last modified, in nanoseconds since 1970.
        package var modifiedNanoseconds: Int64

        /// The last part of its path.
        package var name: String { path.split(separator: "/").last.map(String.init) ?? path }
    }

    /// What lies in one directory.
    package struct Listing: Sendable, Equatable {
        /// The directories, as paths below the one that is served, by name.
        package var directories: [String]
        /// The films, by name.
        package var films: [Film]
    }

    /// The directory that is served, or the one of the file that is; without links.
    private let root: String
    /// The only file that is served; `nil` for everything below the root.
    private let only: String?
    /// Where it lies, without links.
    private let onlyPath: String?
    /// A directory below the root that is not shown, such as the cache's.
    private let hidden: String?
    /// What the hidden directory is called in errors: as it was given, and without links.
    private let hiddenNames: Set<String>
    private let files: any FileStore
    private let inventory: any FileInventory

    /// The suffixes of what is listed as a film; what is asked for by its name may have another.
    private static let suffixes: Set<String> = [
        "3gp", "asf", "avi", "divx", "dv", "f4v", "flv", "m2t", "m2ts", "m4v", "mkv", "mov", "mp4", "mpeg", "mpg",
        "mts", "mxf", "nut", "ogm", "ogv", "rm", "rmvb", "ts", "vob", "webm", "wmv", "y4m",
    ]
    /// How deep directories are listed.
    private static let depth = 16
    /// How many films are listed at the most.
    private static let most = 20_000

    /// Serves a file or a directory.
    ///
    /// - Parameter hidden: a directory that is not served even if it lies in the root; `nil` for none.
    /// - Throws: `StreamingError` `notFound` when nothing is at the path.
    package init(
        serving path: String, hiding hidden: String?, files: any FileStore, inventory: any FileInventory
    ) async throws {
        guard let real = try? files.canonical(path), let facts = await inventory.facts(of: real) else {
            throw StreamingError(
                .notFound, "There is no file and no directory \(path).", advice: "Check the path and its permissions.")
        }
        self.files = files
        self.inventory = inventory
        let canonical = hidden.flatMap { try? files.canonical($0) }
        self.hidden = canonical
        hiddenNames = Set([hidden, canonical].compactMap(\.self)).subtracting(["", "/"])
        // A film is known by the name that it was given, wherever a link leads.
        only = facts.isDirectory ? nil : path.split(separator: "/").last.map(String.init)
        onlyPath = facts.isDirectory ? nil : real
        root = facts.isDirectory ? real : "/" + real.split(separator: "/").dropLast().joined(separator: "/")
    }

    /// Where a film lies, without links; `nil` when there is none, or it lies outside.
    ///
    /// - Parameter parts: its path below the directory that is served, decoded.
    package func path(of parts: [String]) async -> String? {
        if let only { return parts == [only] ? onlyPath : nil }
        guard let path = inside(parts), let facts = await inventory.facts(of: path), !facts.isDirectory else {
            return nil
        }
        return path
    }

    /// What lies in a directory; `nil` when there is none, or it lies outside.
    ///
    /// - Parameter parts: its path below the directory that is served, decoded; empty for that one itself.
    package func listing(of parts: [String]) async -> Listing? {
        if let only, let onlyPath {
            guard parts.isEmpty, let facts = await inventory.facts(of: onlyPath) else { return nil }
            return Listing(directories: [], films: [Self.film(only, facts)])
        }
        guard let path = parts.isEmpty ? root : inside(parts), let facts = await inventory.facts(of: path),
            facts.isDirectory, let entries = try? await inventory.entries(of: path)
        else { return nil }
        var listing = Listing(directories: [], films: [])
        for entry in entries.sorted(by: { $0.name < $1.name }) where !entry.name.hasPrefix(".") {
            // What a link outside leads to is not shown either, nor what no request can name.
            guard PathSegments.isAllowed(entry.name), inside(parts + [entry.name]) != nil else { continue }
            let relative = (parts + [entry.name]).joined(separator: "/")
            if entry.facts.isDirectory {
                listing.directories.append(relative)
            } else if Self.isFilm(entry.name), entry.facts.size.bytes > 0 {
                listing.films.append(Self.film(relative, entry.facts))
            }
        }
        return listing
    }

    /// Every film, directory by directory.
    package func films() async -> [Film] {
        var (found, open): ([Film], [[String]]) = ([], [[]])
        // A link may lead to a directory above it.
        var seen: Set<String> = []
        while let parts = open.popLast(), found.count < Self.most {
            let place = parts.isEmpty ? root : inside(parts)
            guard let place, seen.insert(place).inserted, let listing = await listing(of: parts) else { continue }
            found += listing.films
            guard parts.count < Self.depth else { continue }
            open += listing.directories.reversed().map { $0.split(separator: "/").map(String.init) }
        }
        return Array(found.prefix(Self.most))
    }

    /// What is at a path, without links; `nil` when that is nothing, or outside, or hidden.
    private func inside(_ parts: [String]) -> String? {
        let isPlain = parts.allSatisfy { part in
            !part.isEmpty && part.first != "." && !part.contains("/") && !part.utf8.contains(0)
        }
        let base = root == "/" ? "" : root
        guard isPlain, !parts.isEmpty, case let path = base + "/" + parts.joined(separator: "/"), files.exists(path),
            let real = try? files.canonical(path), real.hasPrefix(base + "/")
        else { return nil }
        if let hidden, real == hidden || real.hasPrefix(hidden + "/") { return nil }
        return real
    }

    /// A text as viewers may read it: films are named as they are served, not as they lie on this machine, and files of
    /// the directory that is hidden by their place in it.
    package func publicWording(_ text: String) -> String {
        let text = hiddenNames.reduce(text) { $0.replacing($1 + "/", with: "") }
        return root == "/" ? text : text.replacing(root + "/", with: "")
    }

    private static func isFilm(_ name: String) -> Bool {
        guard let dot = name.lastIndex(of: ".") else { return false }
        return suffixes.contains(name[name.index(after: dot)...].lowercased())
    }

    private static func film(_ path: String, _ facts: FileFacts) -> Film {
        Film(path: path, size: facts.size, modifiedNanoseconds: facts.modifiedNanoseconds)
    }
}
