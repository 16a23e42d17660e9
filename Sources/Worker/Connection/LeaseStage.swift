// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel

/// How far a lease is, from the order to the coordinator's last word.
enum LeaseStage: Sendable {
    /// What the task reads is being made ready.
    case preparing(Task<Void, Never>)
    /// The worker runs it, or hands in what came out.
    case running
    /// The coordinator was told how it ended, and has not answered yet.
    case told(AttemptResult, CheckedContinuation<Bool, any Error>?)
}
