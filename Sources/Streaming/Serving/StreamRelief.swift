// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletPorts

/// Answers requests in the place of a node that cannot.
package protocol StreamRelief: Sendable {
    /// What another node answers to a request; `nil` when none can be asked, or none answers with what was asked for.
    func answer(to request: HTTPRequest) async -> HTTPResponse?
}
