// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletPorts

/// Runs programs as children of this process.
///
/// Each run costs three descriptors while it lasts and no thread.
package struct ProcessRunner: ProcessLauncher {
    /// Makes a runner; all runners share one thread.
    package init() {}

    package func run(
        _ command: ProcessCommand, output: @escaping @Sendable ([UInt8]) -> Void,
        errors: @escaping @Sendable ([UInt8]) -> Void
    ) async throws -> ProcessResult {
        let run = ChildRun(command, output: output, errors: errors)
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                run.wait(with: continuation)
                ChildLoop.shared.start(run)
            }
        } onCancel: {
            run.stop()
            ChildLoop.shared.wake()
        }
    }
}
