// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import FoundationEssentials
import Glibc
import MartletHTTP
import MartletModel
import MartletPorts
import MartletTestKit
import MartletWire
import Synchronization
import Testing

@testable import martlet

@Suite struct RemoteTranscodeTests {
    private static let film = Data((0..<9_500_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) })
    private static let result = Data("encoded ".utf8) + film

    private func bytes(_ path: String) -> Data? { FileManager.default.contents(atPath: path) }

    /// A coordinator, and a film that it does not have.
    private func coordinator() async throws -> LiveCoordinator {
        let live = try await LiveCoordinator()
        try Self.film.write(to: URL(filePath: live.here("film.mkv")))
        return live
    }

    @Test func aFilmThatTheCoordinatorLacksIsSentAndItsResultFetched() async throws {
        let live = try await coordinator()
        let printed = try await live.run("transcode DIR/film.mkv DIR/film.mp4 --crf 20")
        #expect(printed.status == .success && printed.errors.isEmpty, "\(printed.errors)")
        #expect(bytes(live.here("film.mp4")) == Self.result)
        #expect(printed.output.contains("/film.mkv: it is sent.\nsending film.mkv: 0 % of 9.5 MB\n"))
        #expect(printed.output.contains("fetching film.mp4: 100 % of 9.5 MB"))
        let submitted = await live.cluster.submissions.last
        #expect(submitted?.source.hasPrefix("uploads:") == true && submitted?.output.hasSuffix("-film.mp4") == true)
        #expect(submitted?.name == "film.mkv" && submitted?.params?.options == ["crf": "20"])
        #expect(live.asked.entries.count { $0.hasPrefix("PATCH ") } == 2)
        let left = try FileManager.default.contentsOfDirectory(atPath: live.directory.path)
        #expect(left.sorted() == ["film.mkv", "film.mp4", "movies", "unfinished", "uploads"])
        await live.stop()
    }

    @Test func forProgramsThereAreObjectsAndTheFinalLine() async throws {
        let live = try await coordinator()
        let printed = try await live.run("transcode DIR/film.mkv DIR/film.mp4 --json")
        #expect(printed.lines.first?.hasPrefix(#"{"event": "sending", "name": "film.mkv", "bytes": 0, "#) == true)
        #expect(printed.lines.contains { $0.hasPrefix(#"{"event": "jobSubmitted", "job_id": "job-"#) })
        #expect(
            printed.lines.last?.contains(
                #"/film.mp4", "frames": 297, "segments": 2, "reused_segments": 0, "seconds": "#)
                == true && printed.lines.last?.hasPrefix(#"{"event": "completed""#) == true)
        await live.stop()
    }

    @Test func theSameCommandSendsAndEncodesNothingTwice() async throws {
        let live = try await coordinator()
        _ = try await live.run("transcode DIR/film.mkv DIR/film.mp4")
        unlink(live.here("film.mp4"))
        let asked = live.asked.entries.count
        let again = try await live.run("transcode DIR/film.mkv DIR/film.mp4")
        #expect(again.status == .success && bytes(live.here("film.mp4")) == Self.result)
        #expect(again.output.hasPrefix("The cluster has this job already: job-"))
        #expect(!live.asked.entries.dropFirst(asked).contains { $0.contains("/sources") })
        #expect(await live.cluster.encodes == 1)
        _ = try await live.run("transcode DIR/film.mkv DIR/film.mp4 --overwrite --crf 30")
        #expect(await live.cluster.encodes == 2)
        await live.stop()
    }

    @Test func brokenConnectionsAreTakenUpWhereTheyBroke() async throws {
        let live = try await coordinator()
        let broken = Mutex<Set<String>>([])
        let printed = try await live.run("transcode DIR/film.mkv DIR/film.mp4") { call, _ in
            let range = call.headers["Range"] ?? call.headers["Upload-Offset"]
            guard let range, broken.withLock({ $0.insert(range).inserted }) else { return }
            throw HTTPError(.unreachable, "The connection broke.")
        }
        #expect(printed.status == .success && bytes(live.here("film.mp4")) == Self.result)
        #expect(broken.withLock { $0 }.sorted() == ["4194304", "8388608", "bytes=0-8388607", "bytes=8388608-9500007"])
        await live.stop()
    }

    @Test func aProxyThatTakesLessAtOnceGetsLess() async throws {
        let live = try await LiveCoordinator(bodyLimit: 1 << 20)
        try Self.film.write(to: URL(filePath: live.here("film.mkv")))
        let printed = try await live.run("transcode DIR/film.mkv DIR/film.mp4")
        #expect(printed.status == .success && bytes(live.here("film.mp4")) == Self.result)
        #expect(live.asked.entries.count { $0.hasPrefix("PATCH ") } == 9)
        await live.stop()
    }

    @Test func aFilmInAMediaRootIsNeitherSentNorFetched() async throws {
        let live = try await LiveCoordinator()
        try Data("film".utf8).write(to: URL(filePath: live.here("movies/film.mkv")))
        let printed = try await live.run("transcode DIR/movies/film.mkv DIR/movies/film.mp4")
        #expect(printed.status == .success, "\(printed.errors)")
        #expect(bytes(live.here("movies/film.mp4")) == Data("encoded film".utf8))
        #expect(!live.asked.entries.contains { $0.contains("/sources") || $0.hasSuffix("/output") })
        let there = try await live.run("transcode movies:film.mkv movies:there.mp4")
        #expect(there.status == .success && bytes(live.here("movies/there.mp4")) == Data("encoded film".utf8))
        await live.stop()
    }

    @Test func theResultOfAnAddressComesHere() async throws {
        let live = try await LiveCoordinator()
        try Data("film".utf8).write(to: URL(filePath: live.here("movies/film.mkv")))
        let printed = try await live.run("transcode movies:film.mkv DIR/here.mp4")
        #expect(printed.status == .success && bytes(live.here("here.mp4")) == Data("encoded film".utf8))
        #expect(!live.asked.entries.contains { $0.contains("/sources") })
        await live.stop()
    }

    @Test func anOutputThatExistsIsKept() async throws {
        let live = try await coordinator()
        try Data("mine".utf8).write(to: URL(filePath: live.here("film.mp4")))
        let printed = try await live.run("transcode DIR/film.mkv DIR/film.mp4")
        #expect(printed.status == .usage && live.asked.entries.isEmpty)
        #expect(bytes(live.here("film.mp4")) == Data("mine".utf8))
        #expect(try await live.run("transcode DIR/film.mkv DIR/film.mp4 --overwrite").status == .success)
        #expect(bytes(live.here("film.mp4")) == Self.result)
        await live.stop()
    }

    @Test func aFailedJobEndsWithItsExitCodeAndIsTakenUpAgain() async throws {
        let live = try await coordinator()
        await live.cluster.end(.failed)
        let printed = try await live.run("transcode DIR/film.mkv DIR/film.mp4")
        #expect(printed.status == .badInput && printed.errors == "martlet: It is no film.\n")
        await live.cluster.end(.completed)
        let again = try await live.run("transcode DIR/film.mkv DIR/film.mp4")
        #expect(again.status == .success && again.output.contains("is taken up again.\n"))
        await live.stop()
    }

    @Test func anInterruptedUploadGoesOnWhereItStopped() async throws {
        let live = try await coordinator()
        let interruption = Interruption()
        let printed = try await live.run("transcode DIR/film.mkv DIR/film.mp4", interruption: interruption) { call, _ in
            if call.headers["Upload-Offset"] == "8388608" { interruption.request() }
        }
        #expect(printed.status == .interrupted && printed.errors.hasSuffix("The same command resumes.\n"))
        let asked = live.asked.entries.count
        #expect(try await live.run("transcode DIR/film.mkv DIR/film.mp4").status == .success)
        #expect(bytes(live.here("film.mp4")) == Self.result)
        #expect(
            live.asked.entries.dropFirst(asked).count { $0.hasPrefix("PATCH ") || $0.hasPrefix("POST /api/v1/sources") }
                <= 1)
        await live.stop()
    }

    @Test func aWatchOutlivesARestartOfTheCoordinator() async throws {
        let live = try await LiveCoordinator()
        try Data("film".utf8).write(to: URL(filePath: live.here("movies/film.mkv")))
        await live.cluster.end(.held)
        let watching = Task { try await live.run("submit movies:film.mkv movies:film.mp4 --watch") }
        _ = try await live.asked.wait(for: "the first look") { $0.contains("GET /api/v1/jobs/job-1") }
        await live.stop()
        try await live.start()
        _ = try await live.asked.wait(for: "the second look") { asked in
            asked.count { $0 == "GET /api/v1/jobs/job-1" } > 1
        }
        try await live.cluster.goOn(JobID("job-1"))
        let printed = try await watching.value
        #expect(printed.status == .success && printed.output.contains("movies:film.mkv -> movies:film.mp4\n"))
        #expect(printed.errors.contains("does not answer; it is tried again. The job goes on.\n"))
        await live.stop()
    }

    @Test func optionsOfThisMachineDoNotGoTogetherWithACluster() async throws {
        let live = try await coordinator()
        let typed = try await live.run("transcode DIR/film.mkv DIR/film.mp4 --workers 3")
        #expect(typed.status == .usage && typed.errors.contains("`--workers` is about this machine"))
        let weaker = try await live.run(
            "transcode DIR/film.mkv DIR/film.mp4", environment: ["MARTLET_WORKERS": "3", "MARTLET_NICE": "5"])
        #expect(weaker.status == .success)
        await live.stop()
    }

    @Test func aMissingFilmIsFoundBeforeAnybodyIsAsked() async throws {
        let live = try await LiveCoordinator()
        #expect(try await live.run("transcode DIR/none.mkv DIR/film.mp4").status == .badInput)
        #expect(live.asked.entries.isEmpty)
        await live.stop()
    }

    @Test(arguments: [
        ("movies:a.mkv", true), ("a.mkv", false), ("/a:b.mkv", false), ("./a:b.mkv", false), (":a", false),
        ("a:", false),
        ("http://a/b", false),
    ])
    func addressesAreToldFromPaths(text: String, isAddress: Bool) {
        #expect((RemoteOrder.Place(text) == .there(text)) == isAddress)
    }
}
