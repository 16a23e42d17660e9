// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// `PATCH /api/v1/jobs/{id}`: what is to change.
package struct JobChange: Sendable, Equatable, Codable {
    /// `low`, `normal`, `high` or `critical`.
    package var priority: String

    /// Makes a change.
    package init(priority: String) { self.priority = priority }
}
