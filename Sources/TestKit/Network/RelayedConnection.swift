// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import Glibc
import Synchronization

/// One connection that a `FaultyRelay` passes on: a thread for each way.
final class RelayedConnection: Sendable {
    private struct State {
        var generator: SplitMix64
        var openWays = 2
        var isSevered = false
        /// What was asked for and is not answered yet: whether an answer has a body, and one that may be damaged.
        var asked: [(hasBody: Bool, mayBeDamaged: Bool)] = []
    }

    private enum Way { case up, down }

    private let near: Int32
    private let far: Int32
    private let core: FaultyRelay.Core
    private let state: Mutex<State>
    private let end: ContinuousClock.Instant?

    init(near: Int32, far: Int32, generator: SplitMix64, core: FaultyRelay.Core) {
        var generator = generator
        self.near = near
        self.far = far
        self.core = core
        end = core.faults.lifetime.map { range in
            ContinuousClock.now + .milliseconds(range.lowerBound + generator.below(range.count))
        }
        state = Mutex(State(generator: generator))
    }

    func start() {
        for way in [Way.up, .down] {
            let thread = Thread { self.pass(way) }
            thread.stackSize = 1 << 19
            thread.start()
        }
    }

    /// Ends it at once, whatever is on its way.
    func sever() {
        state.withLock { state in
            guard state.openWays > 0, !state.isSevered else { return }
            state.isSevered = true
            shutdown(near, Int32(SHUT_RDWR))
            shutdown(far, Int32(SHUT_RDWR))
        }
    }

    private func pass(_ way: Way) {
        let (source, sink) = way == .up ? (near, far) : (far, near)
        var finder = HTTPBodyFinder()
        var flip: Int?
        while var piece = receive(from: source) {
            let parts = finder.take(piece) { head in
                let (length, mayBeDamaged) = way == .up ? asked(head) : answered(head)
                flip = mayBeDamaged ? length.flatMap { flipPosition(in: $0, way) } : nil
                return length
            }
            for part in parts {
                guard let position = flip.map({ $0 - part.offset }), part.range.indices.contains(position) else {
                    continue
                }
                piece[part.range.lowerBound + position] ^= 1 << UInt8(position & 7)
                flip = nil
                core.count { if way == .up { $0.flipsUp += 1 } else { $0.flipsDown += 1 } }
            }
            hold(piece.count)
            guard send(piece, to: sink) else { break }
        }
        shutdown(sink, Int32(SHUT_WR))
        let isLast = state.withLock { state in
            state.openWays -= 1
            return state.openWays == 0
        }
        guard isLast else { return }
        close(near)
        close(far)
        core.ended(self)
    }

    // MARK: Bytes

    /// The next bytes; `nil` at the end.
    private func receive(from descriptor: Int32) -> [UInt8]? {
        while true {
            var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let left = end.map { $0 - ContinuousClock.now }
            if let left, left <= .zero {
                core.count { $0.breaks += 1 }
                sever()
                return nil
            }
            let milliseconds = left.map { Int32(clamping: Int64($0 / .milliseconds(1)) + 1) } ?? -1
            guard poll(&waiting, 1, milliseconds) != 0 else { continue }
            var bytes = [UInt8](repeating: 0, count: 16 << 10)
            let count = recv(descriptor, &bytes, bytes.count, 0)
            if count < 0, errno == EINTR { continue }
            return count > 0 ? Array(bytes[..<count]) : nil
        }
    }

    private func send(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress?.advanced(by: sent), bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    /// Lets a piece take its time.
    private func hold(_ count: Int) {
        let faults = core.faults
        var time = faults.delay
        if let rate = faults.rate { time += .seconds(Double(count) / Double(rate)) }
        if state.withLock({ $0.generator.chance(faults.stallShare) }) {
            core.count { $0.stalls += 1 }
            time += faults.stall
        }
        if time > .zero { poll(nil, 0, Int32(time / .milliseconds(1))) }
    }

    // MARK: Messages

    private func asked(_ head: HTTPBodyFinder.Head) -> (length: Int?, mayBeDamaged: Bool) {
        let words = head.start.split(separator: " ")
        let method = words.first ?? ""
        let path = words.dropFirst().first?.prefix { $0 != "?" } ?? ""
        state.withLock { $0.asked.append((method != "HEAD", method == "GET" && path.hasSuffix("/source"))) }
        let isLast = head.field("Upgrade") != nil
        return (isLast ? nil : head.length, method == "PUT" && path.contains("/results/"))
    }

    private func answered(_ head: HTTPBodyFinder.Head) -> (length: Int?, mayBeDamaged: Bool) {
        let status = head.start.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        if status == 101 { return (nil, false) }
        if status < 200 { return (0, false) }
        let asked = state.withLock { $0.asked.isEmpty ? (true, false) : $0.asked.removeFirst() }
        guard asked.0, status != 204, status != 304 else { return (0, false) }
        return (head.length, asked.1 && status == 206)
    }

    /// Which byte of a body of this length is damaged; `nil` for none.
    private func flipPosition(in length: Int, _ way: Way) -> Int? {
        guard length > 0 else { return nil }
        let counts = core.state.withLock { $0.counts }
        let (share, limit) = (core.faults.flipShare, core.faults.flipLimit)
        let flips = way == .up ? counts.flipsUp : counts.flipsDown
        guard share > 0, flips < limit else { return nil }
        return state.withLock { state in
            flips == 0 || state.generator.chance(share) ? state.generator.below(length) : nil
        }
    }
}
