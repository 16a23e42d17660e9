// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletPorts
internal import Synchronization

/// Takes in what one run of ffmpeg writes.
final class RunListener: Sendable {
    private struct State {
        var parser = ProgressParser()
        var log: LogTail
        var output: [String] = []
        var outputSize = 0
    }

    /// What is kept of standard output besides the reports; the rest is dropped.
    private static let outputCapacity = 16 << 20

    private let progress: @Sendable (RunProgress) -> Void
    private let state: Mutex<State>

    /// Makes a listener that hands every report of progress on.
    init(logCapacity: Int, progress: @escaping @Sendable (RunProgress) -> Void) {
        self.progress = progress
        state = Mutex(State(log: LogTail(capacity: logCapacity)))
    }

    /// Takes a piece of standard output.
    func takeOutput(_ bytes: [UInt8]) {
        let reports = state.withLock { state in
            let output = state.parser.append(bytes)
            Self.keep(output.otherLines, in: &state)
            return output.reports
        }
        for report in reports { progress(report) }
    }

    /// Takes a piece of standard error.
    func takeErrors(_ bytes: [UInt8]) { state.withLock { $0.log.append(bytes) } }

    /// Ends the output; returns the last messages and what was written besides reports.
    func finish() -> (log: String, output: String) {
        state.withLock { state in
            Self.keep(state.parser.finish().otherLines, in: &state)
            return (state.log.text, state.output.joined(separator: "\n"))
        }
    }

    private static func keep(_ lines: [String], in state: inout State) {
        for line in lines where state.outputSize + line.utf8.count < outputCapacity {
            state.output.append(line)
            state.outputSize += line.utf8.count + 1
        }
    }
}
