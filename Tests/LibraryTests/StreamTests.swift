// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import FoundationNetworking
import Martlet
import MartletTestKit
import Testing

@Suite struct StreamTests {
    private func get(_ address: String) async throws -> (status: Int, type: String?, body: Data) {
        let (body, response) = try await URLSession.shared.data(from: try #require(URL(string: address)))
        let answer = try #require(response as? HTTPURLResponse)
        return (answer.statusCode, answer.value(forHTTPHeaderField: "Content-Type"), body)
    }

    @Test func whereThereIsARedisControllersShareTheirWorkUnlessToldOtherwise() {
        let distributed = HLSController.Distributed(redisURL: "redis://redis:6379", workerID: "a")
        #expect(distributed.enabled && distributed.fallbackToLocal && distributed.claimTTL == .seconds(60))
        #expect(!HLSController.Distributed(enabled: false).enabled)
    }

    @Test func aControllerServesThePageAndPicturesLikeTheProgram() async throws {
        let place = try TemporaryDirectory()
        let hls = HLSController(cacheDirectory: place.file("cache"))
        let url = try await hls.start(serving: try await MediaFixtures.path("bt709.mp4"))
        let page = try await get(url)
        #expect(page.status == 200 && page.type?.hasPrefix("text/html") == true)
        let poster = try await get(url + "/hls/bt709.mp4/poster.jpg")
        #expect(poster.status == 200 && poster.type == "image/jpeg" && poster.body.starts(with: [0xff, 0xd8]))
        await hls.stop()
        await #expect(throws: MartletError.self) { _ = try await hls.start(serving: "/none") }
    }
}
