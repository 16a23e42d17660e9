// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Glibc
import MartletModel

/// Looks at the paths of a command line before any work is done.
///
/// It only finds early, and in the user's words, what would fail later anyhow.
enum PathCheck {
    /// Refuses an input that is no file.
    static func input(_ path: String) throws {
        var facts = stat()
        guard stat(path, &facts) == 0 else {
            let reason = String(cString: strerror(errno))
            var advice = "Check the path; it is looked for from the current directory."
            if path.contains("://") { advice = "Martlet reads files of this machine: fetch it first." }
            // What is not UTF-8 in the command line has been replaced by this.
            if path.contains("\u{FFFD}") { advice = "Rename it: only names in UTF-8 can be used." }
            throw CommandLineError(.inputMissing, "The input \(path) cannot be read: \(reason).", advice: advice)
        }
        if facts.st_mode & S_IFMT == S_IFDIR {
            throw CommandLineError(
                .inputMissing, "The input \(path) is a directory.", advice: "Name one film in it.")
        }
        guard facts.st_mode & S_IFMT == S_IFREG else {
            throw CommandLineError(
                .inputMissing, "The input \(path) is a device or a pipe, not a file.",
                advice: "A film is read in several places at once: name a file.")
        }
        if access(path, R_OK) != 0 {
            throw CommandLineError(
                .inputMissing, "The input \(path) may not be read.", advice: "Check its permissions.")
        }
    }

    /// Refuses an output that names a directory.
    static func refuseDirectory(_ path: String) throws {
        var facts = stat()
        guard path.last == "/" || (stat(path, &facts) == 0 && facts.st_mode & S_IFMT == S_IFDIR) else { return }
        throw CommandLineError(
            .outputTaken, "The output \(path) is a directory.",
            advice: "Name a file in it, such as \(path)\(path.last == "/" ? "" : "/")film.mp4.")
    }

    /// Refuses an output that cannot be put in place.
    static func output(_ path: String, input: String, overwrite: Bool) throws {
        try refuseDirectory(path)
        var facts = stat()
        if stat(path, &facts) == 0 {
            // The result takes the place of what has its name: a device must never lose it.
            guard facts.st_mode & S_IFMT == S_IFREG else {
                throw CommandLineError(
                    .outputTaken, "The output \(path) is a device or a pipe, not a file.",
                    advice: "Name a file that Martlet may make.")
            }
            var source = stat()
            if stat(input, &source) == 0, source.st_dev == facts.st_dev, source.st_ino == facts.st_ino {
                throw CommandLineError(
                    .outputTaken, "Input and output are the same file, \(path).",
                    advice: "Give the output another name.")
            }
            guard overwrite else { throw CommandLineError.outputExists(path) }
        } else if errno == ENAMETOOLONG {
            throw CommandLineError(
                .outputUnwritable, "The name of the output \(path) is too long for its file system.",
                advice: "Choose a shorter name.")
        }
        let parent = directory(of: path)
        guard stat(parent, &facts) == 0 else {
            throw CommandLineError(
                .outputUnwritable, "The directory \(parent) of the output does not exist.",
                advice: "Make it with `mkdir -p \(parent)`, or choose another place.")
        }
        guard facts.st_mode & S_IFMT == S_IFDIR else {
            throw CommandLineError(
                .outputUnwritable, "\(parent) is not a directory, so \(path) cannot be written.",
                advice: "Choose another place.")
        }
        guard access(parent, W_OK | X_OK) == 0 else {
            throw CommandLineError(
                .outputUnwritable, "The directory \(parent) may not be written to.",
                advice: "Check its permissions, or choose another place.")
        }
    }

    /// Refuses to look into a directory that is not there.
    static func workDirectory(_ path: String) throws {
        var facts = stat()
        guard stat(path, &facts) == 0 else {
            let reason = errno == ENOENT ? "does not exist" : "cannot be reached: \(String(cString: strerror(errno)))"
            throw CommandLineError(
                .unfit, "The directory \(path) \(reason).", advice: "Make it with `mkdir -p \(path)`, or name another.")
        }
        guard facts.st_mode & S_IFMT == S_IFDIR else {
            throw CommandLineError(.unfit, "\(path) is not a directory.", advice: "Name a directory.")
        }
    }

    /// The directory that a path is in; `.` when it names none.
    static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Refuses what is no path of a file.
    static func refusePipe(_ path: String) throws {
        if path.isEmpty {
            throw CommandLineError(
                .badValue, "A path is empty.", advice: "Name a file; a variable of the shell may be unset.")
        }
        guard path == "-" else { return }
        throw CommandLineError(
            .badValue, "Martlet cannot read from or write to a pipe (`-`).",
            advice: "A film is read and written in several places at once: name a file.")
    }
}
