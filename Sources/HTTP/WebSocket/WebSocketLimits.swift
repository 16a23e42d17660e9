// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// What a WebSocket puts up with.
package struct WebSocketLimits: Sendable {
    /// The most bytes of one message that is received; longer ones end the connection with 1009.
    package var message = 16 << 20
    /// How many bytes of received messages wait for whoever receives; above it nothing more is read.
    package var inbox = 1 << 20
    /// How many bytes of sent messages wait for the network; above it `send` waits.
    package var outbox = 4 << 20
    /// How long the other end may be silent before it counts as gone. It is pinged after half of that.
    package var silence: Duration = .seconds(20)
    /// How long the other end may take to close.
    package var closing: Duration = .seconds(2)

    /// Makes the usual limits.
    package init() {}
}
