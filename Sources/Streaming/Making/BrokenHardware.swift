// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import Synchronization

/// Encoders on graphics devices that failed at work, though they had passed their trial.
final class BrokenHardware: Sendable {
    private let reasons = Mutex<[String: String]>([:])

    /// Remembers a failure; the first reason stays.
    func note(_ encoder: String, reason: String) {
        reasons.withLock { $0[encoder] = $0[encoder] ?? reason }
    }

    /// Why an encoder is not to be used; `nil` when nothing is known against it.
    func reason(against encoder: String) -> String? { reasons.withLock { $0[encoder] } }
}
