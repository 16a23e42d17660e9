// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import Synchronization

/// Names of files that are gone soon, no two of which are the same.
enum StreamScratch {
    private static let count = Atomic(0)
    private static let begin = UInt64.random(in: 0...UInt64.max)

    /// A new name.
    static func name() -> String {
        "part-\(String(begin, radix: 36))-\(count.add(1, ordering: .relaxed).newValue)"
    }
}
