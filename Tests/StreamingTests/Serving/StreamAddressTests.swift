// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Testing

@testable import MartletStreaming

@Suite struct StreamAddressTests {
    private func address(_ path: String) -> StreamAddress {
        StreamAddress(path.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map(String.init))
    }

    @Test func filmsInDirectoriesAreTakenApartFromTheEnd() {
        #expect(address("/hls/a/b.mkv/master.m3u8") == .master(film: ["a", "b.mkv"]))
        #expect(address("/hls/a/b.mkv/720p/index.m3u8") == .playlist(film: ["a", "b.mkv"], rendition: "720p"))
        #expect(address("/hls/b.mkv/a1/init.mp4") == .initialization(film: ["b.mkv"], rendition: "a1"))
        #expect(
            address("/hls/b.mkv/a1/12.ts") == .segment(film: ["b.mkv"], rendition: "a1", number: 12, suffix: "ts"))
        #expect(address("/hls/b.mkv/s2/all.vtt") == .subtitles(film: ["b.mkv"], rendition: "s2"))
        #expect(address("/hls/a/b.mkv/sprite-1.jpg") == .extra(film: ["a", "b.mkv"], name: "sprite-1.jpg"))
    }

    @Test(arguments: ["/hls/b.mkv/720p/-1.m4s", "/hls/b.mkv/720p/01.m4s", "/hls/b.mkv/720p/1.mp4", "/hls/b.mkv/720p/1"])
    func whatIsNoSegmentIsSomethingElseOfTheFilm(path: String) {
        guard case .extra(film: ["b.mkv", "720p"], _) = address(path) else {
            Issue.record("\(address(path))")
            return
        }
    }

    @Test func everythingElseIsAPage() {
        #expect(address("/") == .page([""]))
        #expect(address("/hls/master.m3u8") == .page(["hls", "master.m3u8"]))
        #expect(address("/parts/a/b") == .page(["parts", "a", "b"]))
        #expect(address("/parts/a/b/c") == .cached(CacheName(film: "a", rendition: "b", file: "c")))
        #expect(address("/library.json") == .library && address("/healthz").isOpen && !address("/metrics").isOpen)
    }
}
