// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel
package import MartletPorts

/// The directories that a cluster may read from and write to, by name.
///
/// Nothing outside of them is ever opened for a user of the cluster: links are followed before that is decided.
package struct MediaRoots: Sendable, Equatable {
    /// One directory.
    package struct Root: Sendable, Equatable {
        /// Its name in addresses.
        package var name: String
        /// Its absolute path, without links.
        package var path: String
    }

    /// The roots, by name.
    package let roots: [Root]

    /// Makes roots of directories that are there.
    ///
    /// - Parameter directories: names and paths; names hold neither `:` nor `/`.
    /// - Throws: `CoordinatorError.badPath` for a name or a directory that cannot be used.
    package init(_ directories: [(name: String, path: String)], files: any FileStore) throws {
        roots = try directories.map { directory in
            guard !directory.name.isEmpty, !directory.name.contains(where: { $0 == ":" || $0 == "/" }) else {
                throw CoordinatorError(
                    .badPath, "\"\(directory.name)\" cannot be the name of a media root",
                    advice: "Use letters, digits and dashes.")
            }
            guard files.exists(directory.path), let path = try? files.canonical(directory.path) else {
                throw CoordinatorError(
                    .badPath, "the media root \(directory.name) is not there: \(directory.path)",
                    advice: "Make the directory, or mount what should be there.")
            }
            return Root(name: directory.name, path: path)
        }
    }

    /// A file as a user named it, found.
    package struct Place: Sendable, Equatable {
        /// What all machines call it.
        package var address: MediaAddress
        /// Its path on this machine, without links.
        package var path: String
    }

    /// Finds what a user named: `ROOT:path`, or an absolute path inside a root.
    ///
    /// - Throws: `CoordinatorError.badPath`.
    package func place(of text: String, files: any FileStore) throws -> Place {
        let wanted = try path(of: text)
        let path: String
        do { path = try files.canonical(wanted) } catch {
            throw CoordinatorError(
                .badPath, "there is no \(text)", advice: "Check the name; for an output, its directory must be there.")
        }
        // The longest root decides where one lies in another.
        let holders = roots.filter { path.hasPrefix($0.path == "/" ? "/" : $0.path + "/") }
        guard let root = holders.max(by: { $0.path.utf8.count < $1.path.utf8.count }) else {
            guard text.hasPrefix("/") else {
                throw CoordinatorError(.badPath, "\(text) leads out of its media root, through a link")
            }
            throw CoordinatorError(
                .badPath, "\(text) lies in no media root",
                advice: roots.isEmpty
                    ? "The coordinator was started without --media-root."
                    : "The roots are " + roots.map { "\($0.name)" }.joined(separator: ", ") + ".")
        }
        let relative = path.dropFirst(root.path == "/" ? 1 : root.path.utf8.count + 1)
        return Place(address: MediaAddress(root: root.name, path: String(relative)), path: path)
    }

    private func path(of text: String) throws -> String {
        guard !text.utf8.contains(0) else { throw CoordinatorError(.badPath, "a path holds no NUL") }
        if text.hasPrefix("/") { return text }
        guard let colon = text.firstIndex(of: ":") else {
            throw CoordinatorError(
                .badPath, "\(text) is neither ROOT:path nor an absolute path",
                advice: "Write it as movies:film.mkv, with the name of a media root.")
        }
        let name = text[..<colon]
        guard let root = roots.first(where: { $0.name == name }) else {
            throw CoordinatorError(
                .badPath, "there is no media root \(name)",
                advice: roots.isEmpty
                    ? "The coordinator was started without --media-root."
                    : "The roots are " + roots.map { "\($0.name)" }.joined(separator: ", ") + ".")
        }
        let relative = text[text.index(after: colon)...]
        guard !relative.isEmpty, !relative.split(separator: "/").contains("..") else {
            throw CoordinatorError(.badPath, "\(text) leads out of its media root")
        }
        return root.path + "/" + relative
    }
}
