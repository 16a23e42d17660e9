// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletPorts

/// Joins segments, sound and everything else of a source into one file, in process.
///
/// Each input is read once, front to back; only the picture segments are read
/// twice, the first time for the order of their frames. Memory is about 12
/// bytes a frame and one packet an input.
package struct MediaAssembler: Assembler {
    /// Makes an assembler.
    package init() {}

    package func assemble(
        _ request: AssemblyRequest, progress: @escaping @Sendable (Double) -> Void
    ) async throws -> AssemblyReport {
        try await blocking("martlet.assembly") { stop in
            do {
                return try AssemblyRun(request: request, stop: stop, progress: progress).run()
            } catch let failure as AVFailure {
                throw MediaError(.failed, "Joining \(request.output) failed (\(failure)).")
            }
        }
    }
}
