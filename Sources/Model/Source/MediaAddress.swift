// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// A file in a named media root, as all machines of a cluster know it: `movies:sci-fi/film.mkv`.
package struct MediaAddress: Sendable, Hashable, Codable, CustomStringConvertible {
    /// The root's name.
    package var root: String
    /// The path below the root, without a leading `/`.
    package var path: String

    /// Makes an address.
    package init(root: String, path: String) {
        self.root = root
        self.path = path
    }

    package var description: String { "\(root):\(path)" }

    /// The root and the path as one path, as workers are told of it.
    package var pathBelowRoots: String { "\(root)/\(path)" }

    /// The file's name.
    package var name: String { path.split(separator: "/").last.map { String($0) } ?? path }
}
