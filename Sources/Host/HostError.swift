// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import Glibc
package import MartletModel

/// What the operating system refuses.
package struct HostError: CodedError, Equatable {
    /// The stable names of the reasons.
    package enum Code: String, Sendable {
        /// The disk or the user's quota is full.
        case noSpace = "host.no_space"
        /// The user may not do that.
        case permission = "host.permission"
        /// The file system is mounted for reading only.
        case readOnly = "host.read_only"
        /// There is nothing at the path.
        case notFound = "host.not_found"
        /// A part of the path is a file where a directory is needed.
        case notDirectory = "host.not_directory"
        /// There is a directory where a file is needed.
        case isDirectory = "host.is_directory"
        /// The two paths are on different file systems.
        case otherFileSystem = "host.other_file_system"
        /// Too many open files or processes, or too little memory.
        case exhausted = "host.exhausted"
        /// The device reported an error.
        case device = "host.device"
        /// The program cannot be started.
        case cannotStart = "host.cannot_start"
        /// Another process holds the lock.
        case locked = "host.locked"
        /// A call failed in a way that has no name of its own.
        case failed = "host.failed"
    }

    /// What was being done to a path.
    package enum Operation: String, Sendable {
        case read, write, remove, list, rename, lock, start
    }

    /// Which reason.
    package var code: Code
    /// What was being done.
    package var operation: Operation
    /// The path that it was done to.
    package var path: String
    package var message: String
    package var advice: String?
    package var isRetryable: Bool

    /// Makes an error.
    package init(
        _ code: Code, _ operation: Operation, path: String, _ message: String, advice: String? = nil,
        isRetryable: Bool = false
    ) {
        self.code = code
        self.operation = operation
        self.path = path
        self.message = message
        self.advice = advice
        self.isRetryable = isRetryable
    }

    /// Makes the error for the value of `errno` that an operation left behind.
    package init(errno number: Int32, _ operation: Operation, path: String) {
        let code = Code(errno: number, operation: operation)
        self.init(
            code, operation, path: path, "Cannot \(operation.rawValue) \(path): \(Self.text(of: number)).",
            advice: code.advice, isRetryable: code == .exhausted || code == .device)
    }

    package var codeName: String { code.rawValue }

    package var exitStatus: ExitStatus {
        switch (code, operation) {
        case (.noSpace, _), (.readOnly, _): .writeFailed
        case (.locked, _), (.cannotStart, _), (.exhausted, .start): .jobFailed
        case (_, .read), (_, .list): .badInput
        case (_, .write), (_, .rename), (_, .remove): .writeFailed
        case (_, .lock), (_, .start): .jobFailed
        }
    }

    private static func text(of number: Int32) -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            guard let base = buffer.baseAddress, strerror_r(number, base, buffer.count) == 0 else {
                return "error \(number)"
            }
            return String(cString: base)
        }
    }
}

extension HostError.Code {
    fileprivate init(errno number: Int32, operation: HostError.Operation) {
        switch number {
        case ENOSPC, EDQUOT, EFBIG: self = .noSpace
        case EACCES, EPERM: self = .permission
        case EROFS: self = .readOnly
        case ENOENT: self = operation == .start ? .cannotStart : .notFound
        case ENOTDIR: self = .notDirectory
        case EISDIR: self = .isDirectory
        case EXDEV: self = .otherFileSystem
        case EMFILE, ENFILE, EAGAIN, ENOMEM: self = .exhausted
        case EIO, ESTALE: self = .device
        default: self = operation == .start ? .cannotStart : .failed
        }
    }

    fileprivate var advice: String? {
        switch self {
        case .noSpace: "Free some space there, or choose another place for the output and the work directory."
        case .permission: "Check who owns it and its access rights."
        case .readOnly: "Choose a place on a file system that can be written to."
        case .notDirectory: "A part of this path is a file; choose another path."
        case .isDirectory: "This is a directory; name a file in it."
        case .otherFileSystem: "Put the work directory on the same file system as the output."
        case .exhausted: "Run fewer tasks at once, or raise the limits (ulimit -n, ulimit -u)."
        case .device: "Check the disk, or the connection to the file server."
        case .notFound, .cannotStart, .locked, .failed: nil
        }
    }
}
