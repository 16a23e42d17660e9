// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel
package import MartletPorts
internal import MartletWire

/// Takes in files of users, and goes on where an upload broke off.
///
/// A file is written beside the directory of finished ones and gets its place by being renamed, when all of it is there
/// and its digest is right. However large it is, no more of it is in memory than the body reads ahead.
package actor SourceUploads {
    /// Where files are kept.
    package struct Place: Sendable {
        /// The name of the media root that finished files are in.
        package var root: String
        /// The root's directory.
        package var directory: String
        /// The directory of unfinished ones; on the same file system.
        package var unfinished: String

        /// Makes a place.
        package init(root: String = "uploads", directory: String, unfinished: String) {
            self.root = root
            self.directory = directory
            self.unfinished = unfinished
        }
    }

    /// One message of an upload.
    struct Part: Sendable {
        /// Where it goes on; `nil` begins anew.
        var offset: Int64?
        /// Whether its end is the file's.
        var isLast: Bool
        /// Its length; `nil` when that is not known before.
        var length: Int64?
        /// The SHA-256 of the whole file, 64 hexadecimal digits; `nil` when the user does not say.
        var digest: String?
        /// Whether a finished file of the name may be replaced.
        var overwrite: Bool
    }

    private let place: Place
    private let files: any FileStore
    /// The names that are being written now.
    private var active: Set<String> = []

    /// Makes it; the directories are made when they are needed.
    package init(at place: Place, files: any FileStore) {
        self.place = place
        self.files = files
    }

    /// What is here of a file.
    ///
    /// - Throws: `APIError` `notFound`.
    func view(_ name: String) throws -> SourceView {
        let (unfinished, finished) = try paths(of: name)
        // While a file is replaced both are there, and the upload is what is asked for.
        if files.exists(unfinished) { return view(name, size: try files.size(of: unfinished).bytes, isComplete: false) }
        guard files.exists(finished) else { throw APIError(.notFound, "There is no upload \(name).") }
        return view(name, size: try files.size(of: finished).bytes, isComplete: true)
    }

    /// Writes what a part brings. What has arrived stays when the connection breaks.
    ///
    /// - Throws: `APIError` `exists`, `wrongOffset`, `notFound`, `digestMismatch`; errors of the disk; the body's.
    func take(_ part: Part, of name: String, from body: any HTTPBody) async throws -> SourceView {
        let (unfinished, finished) = try paths(of: name)
        guard active.insert(name).inserted else {
            throw APIError(.exists, "\(name) is being uploaded right now.", advice: "Wait, or choose another name.")
        }
        defer { active.remove(name) }
        var end = try begin(part, name, unfinished, finished)
        if let length = part.length, try files.freeSpace(at: unfinished).bytes < length {
            throw CoordinatorError(
                .noSpace, "There is no room for another \(length) bytes of \(name).", isRetryable: true)
        }
        if end == 0 { try await files.write([], to: unfinished, at: 0) }
        // What came before a connection broke is written, and need not be sent again.
        while let block = try await body.next() {
            try await files.write(block, to: unfinished, at: end)
            end += Int64(block.count)
        }
        guard part.isLast else { return view(name, size: end, isComplete: false) }
        if let digest = part.digest, try await files.digest(of: unfinished) != digest {
            try files.remove(unfinished)
            throw APIError(
                .digestMismatch, "What arrived of \(name) has another SHA-256.", advice: "Send it again.",
                field: "sha256")
        }
        try files.makeDirectory(place.directory)
        try await files.publish(unfinished, as: finished)
        return view(name, size: end, isComplete: true)
    }

    /// Gives up an upload that is not finished.
    ///
    /// - Throws: `APIError` `notFound`, `exists`.
    func abandon(_ name: String) throws {
        let (unfinished, _) = try paths(of: name)
        guard !active.contains(name) else { throw APIError(.exists, "\(name) is being uploaded right now.") }
        guard files.exists(unfinished) else { throw APIError(.notFound, "There is no unfinished upload \(name).") }
        try files.remove(unfinished)
    }

    /// A file that is here.
    struct Upload: Sendable {
        var name: String
        var isFinished: Bool
        /// What jobs call it.
        var address: String
        /// When it was changed last, in milliseconds since 1970.
        var changedMs: Int64
    }

    /// Everything that is here; what cannot be read is left out.
    func all() async -> [Upload] {
        var uploads: [Upload] = []
        for (directory, isFinished) in [(place.unfinished, false), (place.directory, true)] {
            // Outputs grow under names that begin with a dot.
            for name in (try? files.list(directory))?.sorted() ?? [] where !name.hasPrefix(".") {
                guard let content = try? await files.fingerprint(of: "\(directory)/\(name)") else { continue }
                uploads.append(
                    Upload(
                        name: name, isFinished: isFinished,
                        address: MediaAddress(root: place.root, path: name).description,
                        changedMs: content.modifiedNanoseconds / 1_000_000))
            }
        }
        return uploads
    }

    /// Removes a file, unless it is being written right now.
    func discard(_ upload: Upload) {
        guard !active.contains(upload.name) else { return }
        try? files.remove((upload.isFinished ? place.directory : place.unfinished) + "/" + upload.name)
    }

    /// Makes ready for a part; returns where it goes on.
    private func begin(_ part: Part, _ name: String, _ unfinished: String, _ finished: String) throws -> Int64 {
        guard let offset = part.offset else {
            guard part.overwrite || !files.exists(finished) else {
                throw APIError(
                    .exists, "There is an upload \(name) already.",
                    advice: "Choose another name, or set `overwrite=true`.",
                    field: "name")
            }
            try files.makeDirectory(place.unfinished)
            try files.remove(unfinished)
            return 0
        }
        guard files.exists(unfinished) else { throw APIError(.notFound, "There is no unfinished upload \(name).") }
        let size = try files.size(of: unfinished).bytes
        guard offset == size else {
            throw APIError(
                .wrongOffset, "\(name) goes on at byte \(size), not at \(offset).", field: "Upload-Offset",
                headers: ["Upload-Offset": "\(size)"])
        }
        return size
    }

    private func view(_ name: String, size: Int64, isComplete: Bool) -> SourceView {
        SourceView(
            name: name, source: MediaAddress(root: place.root, path: name).description, sizeBytes: size,
            isComplete: isComplete)
    }

    /// The paths of a file, unfinished and finished.
    ///
    /// - Throws: `APIError` `badField` for what is no file's name.
    private func paths(of name: String) throws -> (unfinished: String, finished: String) {
        guard !name.isEmpty, name.utf8.count <= 200, !name.hasPrefix("."),
            !name.unicodeScalars.contains(where: { $0 == "/" || $0.value < 0x20 || $0.value == 0x7f })
        else {
            throw APIError.badField("name", "a file's name is wanted: up to 200 bytes, no `/`, no `.` at its start.")
        }
        return (place.unfinished + "/" + name, place.directory + "/" + name)
    }
}
