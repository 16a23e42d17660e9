// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import Synchronization

/// Tells the user how far a file is on its way to or from a coordinator.
final class TransferReporter: Sendable {
    /// Which way it goes.
    enum Direction: String, Sendable {
        case sending, fetching
    }

    private struct State {
        var throttle = Throttle()
        /// When it began, and with how many bytes.
        var start: (time: Duration, bytes: Int64)?
    }

    private let console: Console
    private let style: ProgressReporter.Style
    private let direction: Direction
    private let name: String
    private let total: Int64
    private let now: @Sendable () -> Duration
    private let state = Mutex(State())

    /// Tells about one file.
    ///
    /// - Parameters:
    ///   - total: its size, in bytes.
    ///   - now: the time since any origin.
    init(
        console: Console, style: ProgressReporter.Style, _ direction: Direction, _ name: String, total: Int64,
        now: @escaping @Sendable () -> Duration
    ) {
        self.console = console
        self.style = style
        self.direction = direction
        self.name = Figures.harmless(name)
        self.total = total
        self.now = now
    }

    /// So many bytes have arrived.
    func arrived(_ bytes: Int64) {
        let time = now()
        let interval = [.live: 100, .lines: 5000][style] ?? 500
        let rate = state.withLock { state -> Double? in
            let start = state.start ?? (time, bytes)
            state.start = start
            guard state.throttle.passes(time, every: .milliseconds(interval), regardless: bytes == total) else {
                return nil
            }
            return time > start.time ? Double(bytes - start.bytes) / (time - start.time).inSeconds : 0
        }
        guard let rate else { return }
        let share = total > 0 ? Double(bytes) / Double(total) : 1
        var text = "\(direction.rawValue) \(name): \(Figures.percent(share)) of \(Figures.bytes(ByteCount(total)))"
        if rate > 0 { text += ", \(Figures.bytes(ByteCount(Int64(rate))))/s" }
        switch style {
        case .live: console.show([String(text.prefix(max(0, console.width - 1)))])
        case .lines: console.print(text + "\n")
        case .json:
            console.print(
                JSON.object([
                    ("event", .text(direction.rawValue)), ("name", .text(name)), ("bytes", .integer(bytes)),
                    ("bytes_total", .integer(total)), ("bytes_per_s", .number(rate, places: 0)),
                ]).line + "\n")
        case .quiet: break
        }
    }

    /// Takes the live display away.
    func finish() { if style == .live { console.show([]) } }
}
