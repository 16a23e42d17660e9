// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Glibc
import Synchronization

/// Standard output and standard error.
///
/// Writes are whole and in order; a reader that went away is no error.
final class Console: Sendable {
    private struct State {
        /// Lines of the live display that stand at the bottom of the terminal.
        var liveLines: [String] = []
        /// Why standard output took no more; `nil` while it does.
        var failure: Int32?
        /// What writes in this one's place, since it was detached: to standard output and to standard error.
        var backlogs: (output: Backlog, errors: Backlog)?
    }

    /// How many bytes may wait for a reader.
    private static let patience = 1 << 20

    /// Whether standard output is a terminal that can move its cursor.
    let isTerminal: Bool
    /// Whether colours are welcome.
    let usesColour: Bool
    private let output: Int32
    private let errors: Int32
    private let state = Mutex(State())

    /// Uses two open descriptors.
    ///
    /// - Parameter environment: `NO_COLOR` and `TERM` are looked at.
    init(output: Int32 = 1, errors: Int32 = 2, environment: [String: String]) {
        self.output = output
        self.errors = errors
        self.isTerminal = isatty(output) == 1 && environment["TERM"] != "dumb"
        self.usesColour = isTerminal && (environment["NO_COLOR"] ?? "").isEmpty
    }

    /// Makes a reader that went away show as a failed write, not as the end of
    /// the process. Unlike an ignored signal, a handler does not pass to ffmpeg.
    static func outliveReaders() { signal(SIGPIPE) { _ in } }

    /// The width of the terminal in columns, 80 when unknown.
    var width: Int {
        var size = winsize()
        guard ioctl(output, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    /// Lets threads of their own write from now on, so that a reader who stands still holds nothing up.
    ///
    /// Up to 1 MiB waits for him; what comes then is left out, which standard error tells. There is no live display any more.
    func detach() {
        let text: @Sendable (Int) -> String = { "martlet: warning: \($0) lines were not printed: nobody read them.\n" }
        let errors = Backlog(limit: Self.patience) { [errors] in
            Self.write($0, to: errors)
        } tellLoss: { [errors] in
            _ = Self.write(text($0), to: errors)
        }
        let output = Backlog(limit: Self.patience) { [output] in
            Self.write($0, to: output)
        } tellLoss: {
            errors.add(text($0))
        }
        state.withLock { $0.backlogs = (output, errors) }
    }

    /// Waits for what threads of their own still have to write, for two seconds at most; says whether that is all written.
    @discardableResult
    func finish() -> Bool {
        guard let backlogs = state.withLock(\.backlogs) else { return true }
        return backlogs.output.finish(within: 1) && backlogs.errors.finish(within: 1)
    }

    /// Prints text to standard output, above the live display.
    func print(_ text: String) {
        state.withLock { state in
            if let backlogs = state.backlogs { return backlogs.output.add(text) }
            write(clearing(state.liveLines) + text + drawing(state.liveLines), &state)
        }
    }

    /// Prints text to standard error, above the live display.
    func complain(_ text: String) {
        state.withLock { state in
            if let backlogs = state.backlogs { return backlogs.errors.add(text) }
            if !state.liveLines.isEmpty { write(clearing(state.liveLines), &state) }
            _ = Self.write(text, to: errors)
            if !state.liveLines.isEmpty { write(drawing(state.liveLines), &state) }
        }
    }

    /// Replaces the live display; no lines take it away.
    ///
    /// Each line is written over the old one and only its rest is cleared, so nothing flickers.
    func show(_ lines: [String]) {
        state.withLock { state in
            guard lines != state.liveLines else { return }
            if lines.count == state.liveLines.count {
                write(rewinding(lines) + lines.joined(separator: "\u{1b}[K\n") + "\u{1b}[K", &state)
            } else {
                write(clearing(state.liveLines) + drawing(lines), &state)
            }
            state.liveLines = lines
        }
    }

    /// Why standard output took no more, in words; `nil` when it took all, or its reader went away.
    var printFailure: String? {
        let failure = state.withLock { $0.backlogs?.output.failure ?? $0.failure }
        guard let failure, failure != EPIPE else { return nil }
        return String(cString: strerror(failure))
    }

    /// Moves to the first live line.
    private func rewinding(_ lines: [String]) -> String {
        "\r" + (lines.count > 1 ? "\u{1b}[\(lines.count - 1)A" : "")
    }

    /// Moves to the first live line and clears everything from there on.
    private func clearing(_ lines: [String]) -> String { lines.isEmpty ? "" : rewinding(lines) + "\u{1b}[J" }

    private func drawing(_ lines: [String]) -> String { lines.joined(separator: "\n") }

    private func write(_ text: String, _ state: inout State) {
        guard state.failure == nil, !text.isEmpty else { return }
        state.failure = Self.write(text, to: output)
    }

    /// Writes everything; returns the error number when that does not work.
    private static func write(_ text: String, to descriptor: Int32) -> Int32? {
        var bytes = ArraySlice(text.utf8)
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 {
                bytes = bytes.dropFirst(count)
            } else if errno == EAGAIN {
                var poller = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&poller, 1, -1)
            } else if errno != EINTR {
                return errno
            }
        }
        return nil
    }
}
