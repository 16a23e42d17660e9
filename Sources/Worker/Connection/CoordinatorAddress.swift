// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletPorts

/// Where a coordinator is, and what it knows its workers by.
package struct CoordinatorAddress: Sendable, Equatable {
    /// The URL in front of every path, without a `/` at its end, such as `https://films.example:8090`.
    package let base: String
    /// What stands in the `Authorization` field; `nil` for none.
    package let token: String?

    /// Makes an address.
    ///
    /// - Parameter url: the coordinator's URL, with or without a `/` at its end.
    package init(_ url: String, token: String? = nil) {
        var base = Substring(url)
        while base.last == "/" { base.removeLast() }
        self.base = String(base)
        self.token = token
    }

    /// The header fields of every call.
    package var headers: HTTPHeaders { token.map { ["Authorization": "Bearer \($0)"] } ?? [:] }

    /// The URL of a path, with a query if there is one.
    package func url(_ path: String, query: String = "") -> String { base + path + (query.isEmpty ? "" : "?" + query) }
}
