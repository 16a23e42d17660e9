// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletPorts

extension HTTPResponse {
    /// An answer with a playlist, for players in any web page.
    package static func playlist(_ text: String) -> HTTPResponse {
        HTTPResponse(
            status: 200,
            headers: [
                "Content-Type": MediaType.playlist, "Cache-Control": "no-cache", "Access-Control-Allow-Origin": "*",
            ], body: .bytes(Array(text.utf8)))
    }
}
