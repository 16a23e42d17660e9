// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletPorts

/// How the program reaches other machines.
struct Network: Sendable {
    /// Makes what calls a coordinator.
    var makeCaller: @Sendable (Connection) throws -> any HTTPTransfers
    /// Tells the time, and waits.
    var time: any TimeSource
}
