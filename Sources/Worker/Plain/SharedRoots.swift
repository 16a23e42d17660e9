// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletPorts

/// The directories that a worker of the plain protocol may read sources from.
struct SharedRoots: Sendable {
    /// Names and paths.
    let roots: [String: String]
    let files: any FileStore

    /// Where a source lies here; `nil` when it lies in no root, or the path leads out of one, by a link or otherwise.
    ///
    /// - Parameter path: relative; it begins with a root's name, or else lies below any root.
    func place(of path: String) -> String? {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard !parts.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." }), !path.utf8.contains(0) else {
            return nil
        }
        var candidates: [(root: String, rest: String)] = []
        if parts.count > 1, let root = roots[parts[0]] {
            candidates.append((root, parts.dropFirst().joined(separator: "/")))
        }
        candidates += roots.sorted { $0.key < $1.key }.map { ($0.value, path) }
        for (root, rest) in candidates {
            guard let base = try? files.canonical(root), files.exists("\(base)/\(rest)"),
                let found = try? files.canonical("\(base)/\(rest)"), found.hasPrefix(base == "/" ? "/" : base + "/")
            else { continue }
            return found
        }
        return nil
    }
}
