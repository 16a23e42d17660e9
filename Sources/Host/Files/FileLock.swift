// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import Glibc

/// The exclusive right to a directory or file, kept by a lock file.
///
/// The system takes the lock away when its holder ends in whatever way, so a
/// lock file that was left behind does no harm.
package final class FileLock: Sendable {
    /// The lock file.
    package let path: String
    private let descriptor: Int32

    /// Takes the lock; never waits for it.
    ///
    /// - Parameters:
    ///   - path: the lock file; made where missing.
    ///   - subject: what is locked, for people, such as the output's path.
    /// - Throws: a `HostError`; `host.locked` when another process holds the lock.
    package init(path: String, subject: String) throws {
        self.path = path
        while true {
            let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
            guard descriptor >= 0 else { throw HostError(errno: errno, .lock, path: path) }
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
                let failure = errno
                let holder = Self.holder(in: descriptor)
                close(descriptor)
                if failure == EINTR { continue }
                guard failure == EWOULDBLOCK else { throw HostError(errno: failure, .lock, path: path) }
                throw HostError(
                    .locked, .lock, path: path,
                    "Another martlet\(holder.map { " (\($0))" } ?? "") is working on \(subject).",
                    advice: "Wait for it to end, or stop it; what it has done so far is kept.")
            }
            // The holder before may have removed the file between the two calls: then this lock guards nothing.
            guard Self.isStillThere(descriptor, at: path) else {
                close(descriptor)
                continue
            }
            Self.write("process \(getpid())\n", to: descriptor)
            self.descriptor = descriptor
            return
        }
    }

    deinit {
        // A child that is just being started may hold a copy of the descriptor until it runs its program.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    private static func isStillThere(_ descriptor: Int32, at path: String) -> Bool {
        var (held, named) = (stat(), stat())
        return fstat(descriptor, &held) == 0 && stat(path, &named) == 0 && held.st_ino == named.st_ino
            && held.st_dev == named.st_dev
    }

    private static func holder(in descriptor: Int32) -> String? {
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        guard count > 0, let line = String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n").first
        else { return nil }
        return String(line)
    }

    private static func write(_ text: String, to descriptor: Int32) {
        // Only read by people: a full disk must not cost the lock.
        _ = ftruncate(descriptor, 0)
        _ = text.withCString { pwrite(descriptor, $0, strlen($0), 0) }
    }
}
