// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletHost
import MartletModel
import MartletPlanning
import MartletPorts
import MartletScheduling
import MartletTestKit
import Synchronization
import Testing

@testable import MartletStreaming

@Suite struct HLSControllerTests {
    private typealias Deed = ScriptedMaker.Deed

    /// An error of the house.
    private struct Refusal: CodedError {
        var codeName = "test.refusal"
        var message = "The script says no."
        var advice: String?
        var isRetryable = false
        var exitStatus = ExitStatus.jobFailed
    }

    @Test func aSegmentIsMadeOnceAndThenServedFromTheCache() async throws {
        let theatre = try await Theatre()
        let first = try await theatre.segment(0)
        #expect(first.size.bytes == 1000)
        #expect(try await theatre.segment(0) == first)
        #expect(theatre.maker.deeds.entries.count { $0 == .began("360p", 0) } == 1)
        #expect(first.path.hasSuffix("/360p/0.m4s"))
    }

    @Test func requestsForOneFilmShareOneScanAndTheNextProcessNeedsNone() async throws {
        let theatre = try await Theatre()
        let films = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<8 { group.addTask { try await theatre.film().plan.id } }
            return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        #expect(films.count == 1)
        #expect(theatre.maker.deeds.entries == [.scanned(theatre.place.file("film.mkv"))])
        await theatre.controller.stop()
        let next = try await Theatre(place: theatre.place)
        #expect(try await next.film().plan.id == films.first)
        #expect(next.maker.deeds.entries == [])
    }

    @Test func aFilmThatChangedIsScannedAnew() async throws {
        let theatre = try await Theatre()
        let before = try await theatre.film().plan.id
        _ = try theatre.place.write("another film", to: "film.mkv")
        _ = try await theatre.film()
        #expect(theatre.maker.deeds.entries.count == 2)
        #expect(!before.isEmpty)
    }

    @Test func aFilmThatWasRenamedIsMadeFromWhereItLiesNow() async throws {
        let theatre = try await Theatre()
        _ = try await theatre.segment(0)
        let (before, after) = (theatre.place.file("film.mkv"), theatre.place.file("renamed.mkv"))
        try FileManager.default.moveItem(atPath: before, toPath: after)
        theatre.clock.advance(by: .seconds(1))
        let film = try await theatre.controller.open("renamed.mkv", at: after)
        _ = try await theatre.controller.segment(15, of: "360p", in: film, for: .init("b"))
        #expect(theatre.maker.places.withLock(\.self)["360p/0"] == before)
        #expect(theatre.maker.places.withLock(\.self)["360p/15"] == after)
    }

    @Test func soundAndWhatFollowsAreMadeAhead() async throws {
        let theatre = try await Theatre()
        _ = try await theatre.segment(3)
        // Segments 3 and 4 begin within 16 s behind segment 3, and so do 5 and 6; sound comes in fours.
        let wanted: Set<String> = ["360p/4", "360p/5", "360p/6", "360p/7", "a1/1", "a1/2"]
        try await theatre.maker.deeds.wait(for: "parts ahead") { deeds in
            let begun = deeds.compactMap { deed in
                if case .began(let rendition, let number) = deed { "\(rendition)/\(number)" } else { nil }
            }
            return wanted.isSubset(of: begun)
        }
        #expect(!theatre.maker.deeds.entries.contains(.began("360p", 9)))
        // The sound of what is played comes before more of the picture.
        let order = theatre.maker.deeds.entries
        let sound = try #require(order.firstIndex(of: .began("a1", 1)))
        let picture = try #require(order.firstIndex(of: .began("360p", 4)))
        #expect(sound < picture)
        // And none of it slows down what the viewer waits for.
        let nicenesses = theatre.maker.nicenesses.withLock(\.self)
        #expect(nicenesses["360p/3"] == 0 && nicenesses["a1/1"] == 5 && nicenesses["360p/4"] == 5)
    }

    @Test func whoSeeksAwayHasTheWorkStopped() async throws {
        let theatre = try await Theatre()
        theatre.maker.hold()
        let first = Task { try await theatre.segment(0) }
        try await theatre.maker.deeds.wait(for: "two parts") { $0.contains(.began("360p", 0)) && $0.count >= 3 }
        first.cancel()
        await #expect(throws: CancellationError.self) { try await first.value }
        let second = Task { try await theatre.segment(15) }
        try await theatre.maker.deeds.wait(for: "the stop") { $0.contains(.stopped("360p", 0)) }
        try await theatre.maker.deeds.wait(for: "the new place") { $0.contains(.began("360p", 15)) }
        theatre.maker.finish("360p", 15)
        #expect(try await second.value.name.file == "15.m4s")
        await theatre.controller.stop()
    }

    @Test func twoViewersOfOneSegmentHaveItMadeOnce() async throws {
        let theatre = try await Theatre()
        theatre.maker.hold()
        let viewers = ["a", "b", "c"].map { name in Task { try await theatre.segment(0, for: name) } }
        try await theatre.maker.deeds.wait(for: "the part") { $0.contains(.began("360p", 0)) }
        while await theatre.controller.machine.viewerCount < 3 { await Task.yield() }
        theatre.maker.finish("360p", 0)
        for viewer in viewers { #expect(try await viewer.value.size.bytes == 1000) }
        #expect(theatre.maker.deeds.entries.count { $0 == .began("360p", 0) } == 1)
        await theatre.controller.stop()
    }

    @Test func whatStandsBeforeSegmentsComesWithTheSegmentThatIsWantedNext() async throws {
        let theatre = try await Theatre()
        _ = try await theatre.segment(9)
        let film = try await theatre.film()
        let file = try await theatre.controller.initialization(of: "240p", in: film, for: .init("a"))
        #expect(file.size.bytes == 9)
        // The viewer goes on behind segment 9 in the other quality.
        #expect(theatre.maker.deeds.entries.contains(.began("240p", 10)))
        #expect(!theatre.maker.deeds.entries.contains(.began("240p", 0)))
    }

    @Test func whatCannotBeMadeIsRefusedWithItsReason() async throws {
        let theatre = try await Theatre()
        theatre.maker.fail(with: [Refusal(), Refusal()])
        await #expect(throws: Refusal.self) { try await theatre.segment(0) }
    }

    @Test func whatFailsOnceIsTriedAgain() async throws {
        let theatre = try await Theatre()
        theatre.maker.fail(with: [Refusal(isRetryable: true)])
        #expect(try await theatre.segment(0).size.bytes == 1000)
    }

    @Test func aFullDiskIsTriedOnceMoreAndThenSaid() async throws {
        let theatre = try await Theatre()
        let full = Refusal(isRetryable: false, exitStatus: .writeFailed)
        theatre.maker.fail(with: [full])
        #expect(try await theatre.segment(0).size.bytes == 1000)
        await theatre.controller.stop()
    }

    @Test func onAFullDiskNothingIsBegunForAWhile() async throws {
        let theatre = try await Theatre()
        let full = Refusal(isRetryable: false, exitStatus: .writeFailed)
        theatre.maker.fail(with: Array(repeating: full, count: 20))
        await #expect(throws: Refusal.self) { try await theatre.segment(0) }
        await #expect(throws: Refusal.self) { try await theatre.segment(9) }
        #expect(!theatre.maker.deeds.entries.contains(.began("360p", 9)))
        theatre.maker.fail(with: [])
        theatre.clock.advance(by: .seconds(15))
        #expect(try await theatre.segment(12).size.bytes == 1000)
        await theatre.controller.stop()
    }

    @Test func aRequestEndsWhenItsPatienceDoes() async throws {
        let theatre = try await Theatre { $0.patience = .seconds(30) }
        theatre.maker.hold()
        let request = Task { try await theatre.segment(0) }
        try await theatre.maker.deeds.wait(for: "the part") { $0.contains(.began("360p", 0)) }
        await theatre.clock.waitForSleepers()
        theatre.clock.advance(by: .seconds(30))
        do {
            _ = try await request.value
            Issue.record("It did not end")
        } catch let error as StreamingError {
            #expect(error.code == .timedOut && error.isRetryable)
        }
        await theatre.controller.stop()
    }

    @Test func whoIsIdleHasNothingMadeAhead() async throws {
        let theatre = try await Theatre()
        theatre.maker.hold()
        let request = Task { try await theatre.segment(0) }
        try await theatre.maker.deeds.wait(for: "the part and sound") { $0.contains(.began("a1", 0)) }
        theatre.maker.finish("360p", 0)
        _ = try await request.value
        try await theatre.maker.deeds.wait(for: "what comes next") { $0.contains(.began("360p", 1)) }
        await theatre.clock.waitForSleepers()
        theatre.clock.advance(by: .seconds(61))
        try await theatre.maker.deeds.wait(for: "the end") {
            $0.contains(.stopped("360p", 1)) && $0.contains(.stopped("a1", 0))
        }
        #expect(await theatre.controller.machine.viewerCount == 0)
    }

    @Test func oneViewerCannotWaitForEverythingAtOnce() async throws {
        let theatre = try await Theatre { $0.openRequests = 2 }
        theatre.maker.hold()
        let requests = (0..<2).map { number in Task { try await theatre.segment(number) } }
        while await theatre.controller.waiters.count < 2 { await Task.yield() }
        do {
            _ = try await theatre.segment(7)
            Issue.record("It was let in")
        } catch let error as StreamingError {
            #expect(error.code == .tooManyRequests && error.headers["Retry-After"] == "1")
        }
        await theatre.controller.stop()
        for request in requests { await #expect(throws: StreamingError.self) { try await request.value } }
    }

    @Test func whatAnotherNodeMadeIsServedAtOnce() async throws {
        let place = try TemporaryDirectory()
        let (here, there) = (try await Theatre(place: place), try await Theatre(place: place, node: "there"))
        let file = try await there.segment(5)
        #expect(try await here.segment(5) == file)
        #expect(!here.maker.deeds.entries.contains(.began("360p", 5)))
    }

    @Test func subtitlesAreReadOnce() async throws {
        let theatre = try await Theatre()
        let film = try await theatre.film()
        let name = try #require(film.plan.subtitles.first?.name)
        let files = try await withThrowingTaskGroup(of: CachedFile.self) { group in
            for _ in 0..<4 { group.addTask { try await theatre.controller.subtitles(name, in: film) } }
            return try await group.reduce(into: [CachedFile]()) { $0.append($1) }
        }
        #expect(Set(files.map(\.path)).count == 1)
        #expect(theatre.maker.deeds.entries.count { $0 == .read(name) } == 1)
        await #expect(throws: StreamingError.self) { try await theatre.controller.subtitles("s9", in: film) }
    }

    @Test func whatThereIsNotIsNotFound() async throws {
        let theatre = try await Theatre()
        for (rendition, number) in [("360p", 22), ("360p", -1), ("9000p", 0), ("..", 0)] {
            do {
                _ = try await theatre.segment(number, of: rendition)
                Issue.record("\(rendition)/\(number) was there")
            } catch let error as StreamingError { #expect(error.code == .notFound) }
        }
        await #expect(throws: StreamingError.self) {
            try await theatre.controller.open("none.mkv", at: theatre.place.file("none.mkv"))
        }
    }

    @Test func stoppingTwiceAndBeforeTheBeginningIsNothing() async throws {
        let theatre = try await Theatre()
        await theatre.controller.stop()
        await theatre.controller.stop()
        await #expect(throws: StreamingError.self) { try await theatre.film() }
    }
}
