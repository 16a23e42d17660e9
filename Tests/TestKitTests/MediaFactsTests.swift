// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletTestKit
import Testing

@Suite struct MediaFactsTests {
    @Test func tracksTagsAndChaptersAreRead() async throws {
        let facts = try await MediaFacts.of(try await MediaFixtures.path("everything.mkv"))
        #expect(facts.all("audio").map { $0.tags["language"] } == ["eng", "deu"])
        #expect(facts.all("subtitle").map(\.codec) == ["subrip", "ass", "subrip"])
        #expect(facts.all("subtitle")[1].roles.contains("forced"))
        #expect(facts.all("attachment").compactMap { $0.tags["filename"] } == ["note.txt", "letters.ttf"])
        #expect(facts.chapters.map(\.title) == ["One", "Two"])
        #expect(facts.chapters.map(\.startMilliseconds) == [0, 4000])
        #expect(facts.tags["title"] == "Everything at once")
        #expect(facts.picture?.tags["title"] == "Picture")
    }

    @Test func coverIsNotThePicture() async throws {
        let facts = try await MediaFacts.of(try await MediaFixtures.path("everything.mp4"))
        #expect(facts.all("video").count == 2)
        #expect(facts.picture?.codec == "h264")
    }

    @Test func packetsAreListed() async throws {
        let list = try await PacketList.of(try await MediaFixtures.path("h264_closed.mp4"))
        #expect(list.packets.count == 250)
        #expect(list.keySeconds.first == 0)
        #expect(list.keySeconds.count >= 6)
    }
}
