// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import Glibc
internal import MartletModel
package import MartletPorts

extension LocalFiles: FileInventory {
    package func facts(of path: String) async -> FileFacts? {
        try? await Self.blocking { Self.facts(of: path) }
    }

    package func entries(of directory: String) async throws -> [FileEntry] {
        try await Self.blocking {
            try list(directory).compactMap { name in
                Self.facts(of: directory + "/" + name).map { FileEntry(name: name, facts: $0) }
            }
        }
    }

    package func files(below directory: String) async throws -> [FileEntry] {
        try await Self.blocking {
            var (found, open): ([FileEntry], [String]) = ([], [""])
            while let place = open.popLast() {
                for name in try list(directory + "/" + place) {
                    let inside = place.isEmpty ? name : place + "/" + name
                    guard let facts = Self.facts(of: directory + "/" + inside, followsLinks: false) else { continue }
                    if facts.isDirectory {
                        open.append(inside)
                    } else {
                        found.append(FileEntry(name: inside, facts: facts))
                    }
                }
            }
            return found
        }
    }

    package func touch(_ path: String) async {
        try? await Self.blocking { _ = utimensat(AT_FDCWD, path, nil, 0) }
    }

    private static func facts(of path: String, followsLinks: Bool = true) -> FileFacts? {
        var status = stat()
        guard (followsLinks ? stat(path, &status) : lstat(path, &status)) == 0 else { return nil }
        let kind = status.st_mode & S_IFMT
        guard kind == S_IFREG || kind == S_IFDIR else { return nil }
        return FileFacts(
            isDirectory: kind == S_IFDIR, size: ByteCount(kind == S_IFDIR ? 0 : Int64(status.st_size)),
            modifiedNanoseconds: Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec))
    }
}
