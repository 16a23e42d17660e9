// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel
internal import MartletPorts

/// Does something for at most `limit`, then cancels it; `nil` when it was too slow.
///
/// Returns only after the work has ended.
func withDeadline<Value: Sendable>(
    _ limit: Duration, time: any TimeSource, _ work: @escaping @Sendable () async throws -> Value
) async throws -> Value? {
    try await withThrowingTaskGroup(of: Value?.self) { group in
        group.addTask { try await work() }
        group.addTask {
            try await time.sleep(until: time.now() + limit)
            return nil
        }
        defer { group.cancelAll() }
        return try await group.next() ?? nil
    }
}
