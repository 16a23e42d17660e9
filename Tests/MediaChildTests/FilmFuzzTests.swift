// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import Glibc
import MartletMediaChild
import MartletModel
import MartletPorts
import MartletTestKit
import Testing

/// A film with broken bytes is read as far as it goes, or costs one error.
@Suite(.serialized) struct FilmFuzzTests {
    private static let films = ["tiny.mkv", "h264_closed.mp4", "h264_open.ts", "truncated.mp4", "vfr.mkv"]

    @Test func brokenFilmsCostAnError() async throws {
        var limits = ChildLimits()
        limits.silence = .seconds(30)
        limits.processorTime = .seconds(30)
        let film = try await ChildFilm(limits: limits)
        for seed in Trial.current.seeds(short: 1...24) {
            var random = SplitMix64(seed: seed)
            let name = random.pick(Self.films)
            var bytes = [UInt8](try Data(contentsOf: URL(filePath: try await MediaFixtures.path(name))))
            // Heads are short, and everything hangs on them.
            let head = min(bytes.count, random.pick([200, 2000, bytes.count]))
            bytes.replaceSubrange(..<head, with: random.mutated(Array(bytes[..<head])))
            if random.chance(0.2) { bytes.removeLast(random.below(bytes.count)) }
            let path = film.directory.file("\(seed)-\(name)")
            try Data(bytes).write(to: URL(filePath: path))
            do {
                let source = try await film.children.describe(path: path)
                guard let picture = source.mainVideo else { continue }
                _ = try await film.children.index(of: source, stream: picture.index, method: .packets)
                _ = try await film.children.index(of: source, stream: picture.index, method: .decode)
            } catch let error as any CodedError {
                #expect(!error.codeName.isEmpty && !error.message.isEmpty, "seed \(seed)")
                // What FFmpeg's libraries do not survive is theirs; a trap, which ends with an illegal instruction, is ours.
                let isTrap = ["signal \(SIGILL)", "signal \(SIGTRAP)"].contains { error.message.contains($0) }
                #expect(!isTrap && error.codeName != "media.stalled", "seed \(seed): \(error)")
            }
            try FileManager.default.removeItem(atPath: path)
        }
        #expect(await RunningPrograms.areGone(mentioning: film.directory.path))
    }
}
