// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// Who takes the messages of a WebSocket as they come, instead of receiving them.
///
/// Nothing waits for the next message: a connection that is silent has no task, which would cost more memory than all
/// the rest of it. Calls come one after the other.
package protocol WebSocketListener: Sendable {
    /// A message came. The next one waits until this returns, and the other end too when many wait.
    func heard(_ message: WebSocketMessage) async
    /// The connection is closed or broken: no message follows. Called once.
    func ended() async
}
