// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletPorts
internal import Synchronization

/// One wanted run of a program, shared by the task that waits for it and the
/// thread that serves it.
final class ChildRun: Sendable {
    /// What is run.
    let command: ProcessCommand
    /// Takes standard output.
    let output: @Sendable ([UInt8]) -> Void
    /// Takes standard error.
    let errors: @Sendable ([UInt8]) -> Void

    private let stopWanted = Atomic(false)
    private let waiter = Mutex<CheckedContinuation<ProcessResult, any Error>?>(nil)

    /// Makes a run that nobody waits for yet.
    init(
        _ command: ProcessCommand, output: @escaping @Sendable ([UInt8]) -> Void,
        errors: @escaping @Sendable ([UInt8]) -> Void
    ) {
        self.command = command
        self.output = output
        self.errors = errors
    }

    /// Whether the run is to be ended early.
    var isStopWanted: Bool { stopWanted.load(ordering: .acquiring) }

    /// Asks for an early end; the serving thread must be woken to see it.
    func stop() { stopWanted.store(true, ordering: .releasing) }

    /// Names who is told the result.
    func wait(with continuation: CheckedContinuation<ProcessResult, any Error>) {
        waiter.withLock { $0 = continuation }
    }

    /// Tells the result, once.
    func finish(_ result: Result<ProcessResult, any Error>) {
        let continuation = waiter.withLock { waiter in
            defer { waiter = nil }
            return waiter
        }
        continuation?.resume(with: result)
    }
}
