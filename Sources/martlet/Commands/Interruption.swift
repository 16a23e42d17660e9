// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Glibc
import Synchronization

/// Turns Ctrl-C and its kin into a cancelled task.
///
/// The first signal lets the work stop in order; the second ends the program at
/// once, which loses no more than kill -9 would.
final class Interruption: Sendable {
    private let cancellation = Mutex<(@Sendable () -> Void)?>(nil)
    private let happened = Atomic(false)
    private static let pipe = Atomic<Int32>(-1)

    /// Whether a signal came.
    var isRequested: Bool { happened.load(ordering: .acquiring) }

    /// Begins to listen; called once, before anything runs.
    ///
    /// Handlers, unlike ignored signals, do not pass to child processes.
    func install() {
        var ends: [Int32] = [0, 0]
        guard Glibc.pipe(&ends) == 0 else { return }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        Self.pipe.store(ends[1], ordering: .releasing)
        for number in [SIGINT, SIGTERM, SIGHUP] {
            signal(number) { _ in
                var byte: UInt8 = 0
                let saved = errno
                _ = write(Interruption.pipe.load(ordering: .acquiring), &byte, 1)
                errno = saved
            }
        }
        signal(SIGPIPE) { _ in }
        let end = ends[0]
        var thread = pthread_t()
        let box = Unmanaged.passRetained(Listener(owner: self, end: end))
        pthread_create(
            &thread, nil,
            { pointer in
                guard let pointer else { return nil }
                Unmanaged<Listener>.fromOpaque(pointer).takeRetainedValue().listen()
                return nil
            }, box.toOpaque())
        pthread_detach(thread)
    }

    /// Runs work in a task that a signal cancels.
    ///
    /// - Throws: what the work throws; `CancellationError` when it was cancelled before it began.
    func guarding<Value: Sendable>(_ work: @escaping @Sendable () async throws -> Value) async throws -> Value {
        let task = Task { try await work() }
        cancellation.withLock { $0 = { task.cancel() } }
        if isRequested { task.cancel() }
        defer { cancellation.withLock { $0 = nil } }
        return try await task.value
    }

    private func signalled() {
        if happened.exchange(true, ordering: .acquiringAndReleasing) {
            _exit(130)
        }
        if let cancel = cancellation.withLock({ $0 }) { cancel() } else { _exit(130) }
    }

    private final class Listener: Sendable {
        private let owner: Interruption
        private let end: Int32

        init(owner: Interruption, end: Int32) {
            self.owner = owner
            self.end = end
        }

        func listen() {
            var byte: UInt8 = 0
            while true {
                let count = read(end, &byte, 1)
                if count == 1 { owner.signalled() } else if count == 0 || errno != EINTR { return }
            }
        }
    }
}
