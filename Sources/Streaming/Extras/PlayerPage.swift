// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel
package import MartletPorts

/// The page that viewers open: the list of films, and the player.
///
/// Its files are part of the program. It loads nothing from anywhere else, and its rules for browsers forbid that.
package struct PlayerPage: Sendable {
    private struct File {
        var mediaType: String
        var bytes: [UInt8]
        /// Changes with the content.
        var tag: String

        init(_ mediaType: String, _ bytes: [UInt8]) {
            self.mediaType = mediaType
            self.bytes = bytes
            tag = "\"\(String(StableHash.digest(of: bytes.lazy.map { Int64($0) }), radix: 36))\""
        }
    }

    private let files: [String: File]
    private let frame: File

    /// What the page may load and do: its own files, and what the same server has.
    private static let policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self' blob:; "
        + "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"

    /// Makes the page.
    package init() {
        let script = "text/javascript; charset=utf-8"
        files = [
            "app.js": File(script, PackageResources.app_js),
            "chooser.js": File(script, PackageResources.chooser_js),
            "engine.js": File(script, PackageResources.engine_js),
            "icon.svg": File("image/svg+xml", PackageResources.icon_svg),
            "icons.svg": File("image/svg+xml", PackageResources.icons_svg),
            "library.js": File(script, PackageResources.library_js),
            "memory.js": File(script, PackageResources.memory_js),
            "menu.js": File(script, PackageResources.menu_js),
            "player.js": File(script, PackageResources.player_js),
            "playlists.js": File(script, PackageResources.playlists_js),
            "preview.js": File(script, PackageResources.preview_js),
            "server.js": File(script, PackageResources.server_js),
            "style.css": File("text/css; charset=utf-8", PackageResources.style_css),
            "ways.js": File(script, PackageResources.ways_js),
        ]
        frame = File("text/html; charset=utf-8", PackageResources.index_html)
    }

    /// The answer to a request for `/`, for `/watch/{path}` or for a file of the page; `nil` for every other path.
    package func response(at path: [String], for request: HTTPRequest) -> HTTPResponse? {
        if path == [""] || path.first == "watch" { return answer(frame, to: request) }
        guard path.count == 2, path[0] == "page" else { return nil }
        return files[path[1]].map { answer($0, to: request) }
    }

    private func answer(_ file: File, to request: HTTPRequest) -> HTTPResponse {
        var headers: HTTPHeaders = ["ETag": file.tag, "Cache-Control": "no-cache"]
        if request.headers["If-None-Match"] == file.tag { return HTTPResponse(status: 304, headers: headers) }
        headers["Content-Type"] = file.mediaType
        headers["Content-Security-Policy"] = Self.policy
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "no-referrer"
        return HTTPResponse(status: 200, headers: headers, body: .bytes(file.bytes))
    }
}
