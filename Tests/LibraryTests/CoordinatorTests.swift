// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import Martlet
import MartletTestKit
import Synchronization
import Testing

/// The library by its public interface alone.
@Suite struct CoordinatorTests {
    @Test func theDocumentedCallsTranscodeAFilm() async throws {
        let place = try TemporaryDirectory()
        let (input, output) = (try await MediaFixtures.path("bt709.mp4"), place.file("video.mp4"))
        let shares = Mutex<[Double]>([])

        let coordinator = Coordinator(configuration: .init())
        try await coordinator.start()
        try await coordinator.register(
            WorkerInfo(id: "worker-1", address: "192.168.1.10:8080", capabilities: .init()))
        let events = coordinator.events()
        let job = try await coordinator.submit(
            name: "my-video", source: input, output: output, parameters: TranscodeParameters())
        for await event in events {
            if case .progress(let id, let p) = event { shares.withLock { $0.append(id == job.id ? p : 2) } }
            if case .jobFailed(_, let error) = event { Issue.record(error) }
            if case .jobStateChanged(job.id, let state) = event, state.isFinal { break }
        }

        let end = try await coordinator.finished(job.id)
        #expect(end.state == .completed)
        #expect(end.name == "my-video")
        #expect(end.progress == 1)
        #expect(end.frames == 75)
        #expect(end.outputSize == Int64(try place.bytes("video.mp4").count))
        #expect(try await MediaFacts.of(output).picture?.codec == "h264")
        let seen = shares.withLock { $0 }
        #expect(!seen.isEmpty && seen == seen.sorted() && seen.allSatisfy { (0...1).contains($0) })
        #expect(try await coordinator.workers().map(\.id) == ["local", "worker-1"])
        await coordinator.stop()
        #expect(try place.names() == ["video.mp4"])
    }

    @Test func parametersReachTheEncoder() async throws {
        let place = try TemporaryDirectory()
        let coordinator = Coordinator()
        try await coordinator.start()
        var parameters = TranscodeParameters()
        parameters.codec = .encoder("libx265")
        parameters.preset = "ultrafast"
        parameters.resolution = .height(90)
        parameters.frameRate = .init(24_000, per: 1_001)
        parameters.audioCodec = TranscodeParameters.AudioCodec.none
        parameters.segmentDuration = .seconds(1)
        let output = place.file("small.mkv")
        let job = try await coordinator.submit(
            name: "", source: try await MediaFixtures.path("bt709.mp4"), output: output, parameters: parameters,
            priority: .high, verification: .full)
        let end = try await coordinator.finished(job.id)
        #expect(end.state == .completed, "\(end.problem as Any)")
        #expect(end.name == "bt709.mp4")
        let facts = try await MediaFacts.of(output)
        #expect(facts.picture?.codec == "hevc")
        #expect(facts.picture?.fields["height"] == "90")
        #expect(facts.picture?.fields["avg_frame_rate"] == "24000/1001")
        #expect(facts.all("audio").isEmpty)
        await coordinator.stop()
    }

    @Test func whatCannotBeDoneIsSaidWithItsCode() async throws {
        let place = try TemporaryDirectory()
        let film = try await MediaFixtures.path("bt709.mp4")
        let coordinator = Coordinator()
        await #expect(throws: MartletError.self) {
            try await coordinator.submit(name: "", source: film, output: place.file("a.mp4"))
        }
        try await coordinator.start()
        func code(_ work: () async throws -> Void) async -> String? {
            do { try await work() } catch { return (error as? MartletError)?.code }
            return nil
        }
        #expect(await code { try await coordinator.start() } == "library.wrong_state")
        #expect(
            await code { _ = try await coordinator.submit(name: "", source: film, output: place.file("a.xyz")) }
                == "library.unknown_container")
        #expect(
            await code { _ = try await coordinator.submit(name: "", source: "/none.mkv", output: place.file("a.mp4")) }
                == "coordinator.bad_path")
        #expect(await code { _ = try await coordinator.job(Job.ID("none")) } == "coordinator.unknown_job")
        try await coordinator.register(WorkerInfo(id: "second", capabilities: .init(slots: 1)))
        #expect(await code { try await coordinator.register(WorkerInfo(id: "second")) } == "library.worker_name_taken")
        let text = try place.write("words\n", to: "text.mkv")
        let job = try await coordinator.submit(name: "", source: text, output: place.file("b.mp4"))
        let end = try await coordinator.finished(job.id)
        #expect(end.state == .failed)
        #expect(end.problem?.code == "media.not_media")
        await coordinator.stop()
        #expect(await code { _ = try await coordinator.jobs() } == "library.wrong_state")
    }

    @Test func aJobGoesOnInTheNextLife() async throws {
        let place = try TemporaryDirectory()
        var configuration = Coordinator.Configuration()
        configuration.directory = place.file("state")
        configuration.slots = nil
        let first = Coordinator(configuration: configuration)
        try await first.start()
        let job = try await first.submit(
            name: "kept", source: try await MediaFixtures.path("bt709.mp4"), output: place.file("kept.mkv"))
        let second = Coordinator(configuration: configuration)
        await #expect(throws: MartletError.self) { try await second.start() }
        await first.stop()

        configuration.slots = 2
        configuration.mediaProgram = MartletProgram.path
        let third = Coordinator(configuration: configuration)
        try await third.start()
        let end = try await third.finished(job.id)
        #expect(end.state == .completed, "\(end.problem as Any)")
        #expect(try await third.jobs().map(\.name) == ["kept"])
        await third.stop()
        #expect(FileManager.default.fileExists(atPath: place.file("kept.mkv")))
    }

    @Test func streamsOfEventsEndWithTheCoordinator() async throws {
        let coordinator = Coordinator()
        let early = coordinator.events()
        try await coordinator.start()
        var (isThere, isOver) = (false, false)
        for await event in early where event == .workerRegistered("local") {
            isThere = true
            // What is told before the end is still heard.
            if !isOver { await coordinator.stop() }
            isOver = true
        }
        #expect(isThere)
        for await event in coordinator.events() { Issue.record("\(event)") }
    }
}
