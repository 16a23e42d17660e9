// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel

/// Files with their sizes and when they were used last.
struct LeastRecentlyUsed {
    private struct Use {
        var bytes: Int64
        /// In nanoseconds since 1970: uses of different nodes are compared.
        var nanoseconds: Int64
    }

    private var uses: [CacheName: Use] = [:]
    /// How many segments each rendition has.
    private var segments: [String: Int] = [:]
    /// The bytes of all files.
    private(set) var bytes: Int64 = 0

    /// How many files there are.
    var count: Int { uses.count }

    /// Whether a file is known.
    func contains(_ name: CacheName) -> Bool { uses[name] != nil }

    /// Notes that a file is there and was used.
    mutating func note(_ name: CacheName, size: Int64, usedAt nanoseconds: Int64) {
        remove(name)
        uses[name] = Use(bytes: size, nanoseconds: nanoseconds)
        bytes += size
        if !Self.isInitialization(name) { segments[Self.rendition(of: name), default: 0] += 1 }
    }

    /// Forgets a file.
    mutating func remove(_ name: CacheName) {
        guard let use = uses.removeValue(forKey: name) else { return }
        bytes -= use.bytes
        if !Self.isInitialization(name) { segments[Self.rendition(of: name), default: 0] -= 1 }
    }

    /// When a file was used last, in nanoseconds since 1970; `nil` when it is not known.
    func lastUse(of name: CacheName) -> Int64? { uses[name]?.nanoseconds }

    /// The files that go so that this many bytes are free, the longest unused first.
    ///
    /// Fewer bytes than wanted come together when too many files must stay: those of `spared`, those used at or after
    /// `recent`, and initializations of renditions with segments.
    func victims(bytes wanted: Int64, sparing spared: Set<CacheName>, usedBefore recent: Int64) -> [CacheName] {
        var (found, freed): ([CacheName], Int64) = ([], 0)
        let oldestFirst = uses.sorted {
            ($0.value.nanoseconds, $0.key.file) < ($1.value.nanoseconds, $1.key.file)
        }
        for (name, use) in oldestFirst {
            guard freed < wanted, use.nanoseconds < recent else { break }
            if spared.contains(name) { continue }
            if Self.isInitialization(name), segments[Self.rendition(of: name), default: 0] > 0 { continue }
            found.append(name)
            freed += use.bytes
        }
        return found
    }

    private static func isInitialization(_ name: CacheName) -> Bool { name.file == CacheName.initialization }

    private static func rendition(of name: CacheName) -> String { "\(name.film)/\(name.rendition)" }
}
