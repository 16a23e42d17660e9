// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import FoundationEssentials
internal import Glibc

/// The program ffmpeg on this machine.
package struct FFmpegProgram: Sendable, Equatable {
    /// Its path.
    package let path: String

    /// What to tell someone whose ffmpeg is missing or too old.
    static let installAdvice =
        "Install FFmpeg 5.1 or newer (Debian and Ubuntu: apt install ffmpeg; Fedora: dnf install ffmpeg), "
        + "or name one with MARTLET_FFMPEG=/path/to/ffmpeg."

    /// Takes the program at `path` as it is.
    package init(path: String) { self.path = path }

    /// Finds ffmpeg: the explicit path, else `MARTLET_FFMPEG`, else the first on `PATH`.
    ///
    /// - Parameter explicit: a path that the user named; `nil` or empty for none.
    /// - Throws: `ffmpeg.missing` when it is not there or not executable.
    package static func locate(
        explicit: String? = nil, environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(FFmpegError) -> FFmpegProgram {
        for named in [explicit, environment["MARTLET_FFMPEG"]] {
            guard let named, !named.isEmpty else { continue }
            // A bare name is looked up like any command.
            guard named.contains("/") else { return try search(named, environment) }
            guard isProgram(named) else {
                throw FFmpegError(.missing, "There is no program at \(named).", advice: installAdvice)
            }
            return FFmpegProgram(path: named)
        }
        return try search("ffmpeg", environment)
    }

    private static func search(_ name: String, _ environment: [String: String]) throws(FFmpegError) -> FFmpegProgram {
        for directory in (environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":") {
            let path = directory + "/" + name
            if isProgram(path) { return FFmpegProgram(path: path) }
        }
        throw FFmpegError(.missing, "There is no \(name) on the PATH.", advice: installAdvice)
    }

    private static func isProgram(_ path: String) -> Bool {
        var facts = stat()
        return stat(path, &facts) == 0 && facts.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
    }
}
