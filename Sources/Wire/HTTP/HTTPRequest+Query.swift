// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletPorts

extension HTTPRequest {
    /// Some fields of the query as links carry them on: `a=1&b=2`; empty when none of them is there.
    package func carried(_ names: String...) -> String {
        names.compactMap { name in query(name).map { "\(name)=\(PercentEncoding.encoded($0))" } }.joined(separator: "&")
    }
}
