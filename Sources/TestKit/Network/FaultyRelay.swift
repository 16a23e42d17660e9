// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import Glibc
import Synchronization

/// A way between two programs of this machine that is as bad as a seed and its faults say.
///
/// It passes on what comes to its port of 127.0.0.1, both ways. What a network loses, TCP sends again: here that is a
/// stall.
package final class FaultyRelay: Sendable {
    /// What goes wrong.
    package struct Faults: Sendable {
        /// How long each piece of at most 16 KiB is on its way, each way.
        package var delay: Duration = .zero
        /// How many bytes a second go through each way of a connection; `nil` for as many as there are.
        package var rate: Int?
        /// The share of pieces before which nothing moves for a while.
        package var stallShare = 0.0
        /// For how long.
        package var stall: Duration = .milliseconds(300)
        /// How long connections live, in milliseconds; `nil` for as long as their ends want.
        package var lifetime: ClosedRange<Int>?
        /// The share of parts of results and of sources in which one bit is turned over; one is in any case, each way,
        /// when it is not zero.
        package var flipShare = 0.0
        /// How many are turned over at most, each way.
        package var flipLimit = Int.max

        /// Nothing goes wrong.
        package init() {}
    }

    /// What went wrong so far.
    package struct Counts: Sendable, Equatable {
        /// Connections that were made.
        package var connections = 0
        /// Connections that were broken.
        package var breaks = 0
        /// Stalls.
        package var stalls = 0
        /// Bits that were turned over on the way to the server.
        package var flipsUp = 0
        /// Bits that were turned over on the way from it.
        package var flipsDown = 0
    }

    /// Where it listens.
    package let port: Int
    private let core: Core

    /// Begins to pass on.
    ///
    /// - Parameter target: the port of 127.0.0.1 that everything goes to.
    package init(to target: Int, seed: UInt64, faults: Faults) throws {
        let (listener, port) = try LoopbackSocket.listening()
        self.port = port
        core = Core(listener: listener, target: target, seed: seed, faults: faults)
        let thread = Thread { [core] in core.listen() }
        thread.stackSize = 1 << 19
        thread.start()
    }

    deinit { core.stop() }

    /// What went wrong so far.
    package var counts: Counts { core.state.withLock { $0.counts } }

    /// Breaks every connection and makes no more.
    package func stop() { core.stop() }

    /// What the threads share.
    final class Core: Sendable {
        struct State {
            var counts = Counts()
            var connections: [ObjectIdentifier: RelayedConnection] = [:]
            var isStopped = false
        }

        let faults: Faults
        let state = Mutex(State())
        private let listener: Int32
        private let target: Int
        private let seed: UInt64

        init(listener: Int32, target: Int, seed: UInt64, faults: Faults) {
            self.listener = listener
            self.target = target
            self.seed = seed
            self.faults = faults
        }

        /// Takes connections until it is stopped.
        func listen() {
            while true {
                let near = accept(listener, nil, nil)
                guard near >= 0 else { break }
                guard let far = try? LoopbackSocket.connected(to: target) else {
                    close(near)
                    continue
                }
                let number = state.withLock { state in
                    state.counts.connections += 1
                    return state.counts.connections
                }
                let connection = RelayedConnection(
                    near: near, far: far, generator: SplitMix64(seed: seed &+ UInt64(number) &* 7919), core: self)
                let isWanted = state.withLock { state in
                    state.connections[ObjectIdentifier(connection)] = connection
                    return !state.isStopped
                }
                connection.start()
                if !isWanted { connection.sever() }
            }
            close(listener)
        }

        func stop() {
            let connections = state.withLock { state in
                defer { state.isStopped = true }
                return state.isStopped ? [] : Array(state.connections.values)
            }
            shutdown(listener, Int32(SHUT_RDWR))
            for connection in connections { connection.sever() }
        }

        func count(_ change: (inout Counts) -> Void) { state.withLock { change(&$0.counts) } }

        func ended(_ connection: RelayedConnection) {
            state.withLock { $0.connections[ObjectIdentifier(connection)] = nil }
        }
    }
}
