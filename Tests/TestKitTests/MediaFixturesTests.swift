// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletTestKit
import Testing

@Suite struct MediaFixturesTests {
    @Test func namesAreUniqueAndIngredientsExist() {
        let names = Fixture.all.map(\.name)
        #expect(Set(names).count == names.count)
        for fixture in Fixture.all {
            for ingredient in fixture.ingredients { #expect(names.contains(ingredient), "\(fixture)") }
        }
    }

    @Test(arguments: Fixture.all)
    func everyFixtureCanBeMade(_ fixture: Fixture) async throws {
        let path = try await MediaFixtures.path(fixture.name)
        let size = try #require(try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int)
        #expect(size > 0 || fixture.name == "empty.mp4")
    }

    @Test(arguments: [
        "h264_closed.mp4", "vfr.mkv", "hevc_open.mp4", "vp9.webm", "av1.mkv", "mpeg4_bframes.avi", "tiny.mkv",
    ])
    func everyFrameCarriesItsNumber(_ name: String) async throws {
        let size = name == "tiny.mkv" ? (66, 34) : (320, 180)
        let numbers = try await FrameNumbers.read(try await MediaFixtures.path(name), drawnSize: size)
        #expect(numbers == Array(0..<numbers.count))
        #expect(numbers.count >= 50)
    }

    @Test func fileIsMadeOnceForAllWhoAskAtTheSameTime() async throws {
        let paths = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<8 { group.addTask { try await MediaFixtures.path("silent.mp4") } }
            return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        #expect(paths.count == 1)
    }
}
