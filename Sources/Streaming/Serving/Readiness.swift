// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// Whether a server of streams can do what it is there for.
package enum Readiness: Sendable, Equatable {
    /// It can.
    case ready
    /// It can, without knowing what the others do.
    case alone
    /// It cannot, for this reason, one sentence.
    case notReady(String)
}
