// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletPorts
import MartletStreaming
import Testing

@Suite struct PlayerPageTests {
    private let page = PlayerPage()

    private func answer(_ path: String, headers: HTTPHeaders = HTTPHeaders()) -> HTTPResponse? {
        page.response(
            at: path.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map(String.init),
            for: HTTPRequest(method: "GET", path: path, headers: headers))
    }

    private func text(_ path: String) -> String {
        guard case .bytes(let bytes)? = answer(path)?.body else { return "" }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test("One frame serves the list and every film, and other paths are not its business")
    func frame() throws {
        #expect(text("/").contains("<!doctype html>"))
        #expect(text("/watch/a/b%20c.mkv") == text("/"))
        #expect(answer("/hls/a.mkv/master.m3u8") == nil)
        #expect(answer("/page/other.js") == nil)
    }

    @Test("Every file that the page names is there, and nothing comes from elsewhere")
    func isWhole() throws {
        let frame = text("/")
        var wanted = Set(frame.matches(of: #/\/page\/[a-z]+\.[a-z]+/#).map { String($0.output) })
        var seen: Set<String> = []
        while let path = wanted.subtracting(seen).first {
            seen.insert(path)
            let content = text(path)
            #expect(!content.isEmpty, "\(path)")
            wanted.formUnion(content.matches(of: #/from "\.\/([a-z]+\.js)"/#).map { "/page/\($0.output.1)" })
            let addresses = content.matches(of: #/https?:\/\/[^"' )]+/#).map { String($0.output) }
            #expect(addresses.allSatisfy { $0 == "http://www.w3.org/2000/svg" }, "\(path): \(addresses)")
        }
        #expect(seen.count == 14)
        #expect(!frame.contains("style=") && !frame.contains(" onclick="))
    }

    @Test("Browsers are told to load nothing from elsewhere, and to ask again only whether it changed")
    func headers() throws {
        let first = try #require(answer("/page/engine.js"))
        #expect(first.headers["Content-Security-Policy"]?.hasPrefix("default-src 'none'; script-src 'self'") == true)
        #expect(first.headers["Content-Type"] == "text/javascript; charset=utf-8")
        let tag = try #require(first.headers["ETag"])
        #expect(answer("/page/engine.js", headers: ["If-None-Match": tag])?.status == 304)
        #expect(answer("/page/player.js", headers: ["If-None-Match": tag])?.status == 200)
    }
}
