// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import FoundationEssentials
import MartletModel
import MartletPorts
import MartletTestKit
import MartletWire
import Testing

@testable import martlet

@Suite struct WatchTests {
    private typealias Shop = ClusterWorkshop

    private static let id = JobID("3f9c0d")
    private static let path = "GET /api/v1/jobs/3f9c0d"

    private func answers(_ jobs: JobView...) -> [String: [(Int, String)]] {
        [
            "POST /api/v1/jobs": [(201, Shop.json(Shop.job("3f9c0d", .queued)))],
            Self.path: jobs.map { (200, Shop.json($0)) }, Self.path + "/tasks": [(200, Shop.json(Shop.tasks))],
        ]
    }

    private func block(_ number: Int, _ event: Event) -> String { Shop.block(number, event) }

    @Test func aSubmittedJobIsWatchedToItsFinalLine() async throws {
        var done = Shop.job("3f9c0d", .completed)
        done.reusedSegments = 1
        let progress = Event.progress(Self.id, .encoding, fraction: 0.7, framesPerSecond: 50, remainingSeconds: 4)
        let stream = [
            ": hello\n\n", block(1, .jobSubmitted(JobID("another"))), block(2, .jobStateChanged(Self.id, .processing)),
            block(3, progress), block(4, .jobCompleted(Self.id)),
        ]
        let shop = ClusterWorkshop(
            caller: ScriptedCaller(answers(Shop.job("3f9c0d", .queued), done), streams: [.open(stream)]))
        let printed = try await shop.run("submit movies:film.mkv movies:film.mp4 --watch --json")
        #expect(printed.status == .success && printed.errors.isEmpty)
        #expect(!printed.output.contains("another"))
        #expect(
            printed.lines.contains { $0.hasPrefix(#"{"event": "progress", "job_id": "3f9c0d", "stage": "encoding""#) })
        #expect(
            printed.lines.last?.hasPrefix(
                #"{"event": "completed", "job_id": "3f9c0d", "output": "movies:film.mp4", "frames": 297, "segments": 2, "reused_segments": 1, "seconds": "#
            ) == true)
    }

    @Test func peopleSeeTheSegmentsAndASummary() async throws {
        let shop = ClusterWorkshop(
            caller: ScriptedCaller(
                answers(Shop.job(), Shop.job(), Shop.job("3f9c0d", .completed)),
                streams: [.open([block(9, .jobCompleted(Self.id))])]))
        let printed = try await shop.run("watch 3f9c0d")
        #expect(printed.status == .success)
        #expect(printed.output.hasPrefix("42 %, 48.0 fps, 0:31 left, 1 of 2 segments\n"))
        #expect(
            printed.output.hasSuffix(
                "movies:film.mkv -> movies:film.mp4\n  size      12.3 MB\n  frames    297 in 2 segments\n  time      0:12 (24.8 fps)\n"
            ))
    }

    @Test func whatIsOverAlreadyEndsAtOnce() async throws {
        let shop = ClusterWorkshop(
            caller: ScriptedCaller(answers(Shop.job("3f9c0d", .completed)), streams: [.open([])]))
        #expect(try await shop.run("watch 3f9c0d").status == .success)
    }

    @Test func aFailedJobEndsWithItsOwnExitCode() async throws {
        var failed = Shop.job("3f9c0d", .failed)
        failed.error = ProblemView(code: "media.not_media", message: "It is no film.", advice: "Look.", exitCode: 3)
        let event = Event.jobFailed(Self.id, code: "media.not_media", message: "It is no film.")
        let shop = ClusterWorkshop(
            caller: ScriptedCaller(answers(Shop.job(), failed), streams: [.open([block(1, event)])]))
        let printed = try await shop.run("watch 3f9c0d --json")
        #expect(printed.status == .badInput)
        #expect(printed.errors == "martlet: It is no film.\nLook.\n")
        #expect(printed.lines.last?.hasPrefix(#"{"event": "failed", "job_id": "3f9c0d""#) == true)
        #expect(printed.lines.last?.hasSuffix(#""error": "It is no film. Look."}"#) == true)
    }

    @Test func aCancelledJobIsExitCodeOne() async throws {
        let shop = ClusterWorkshop(
            caller: ScriptedCaller(
                answers(Shop.job(), Shop.job("3f9c0d", .cancelled)),
                streams: [.open([block(1, .jobStateChanged(Self.id, .cancelled))])]))
        let printed = try await shop.run("watch 3f9c0d")
        #expect(printed.status == .jobFailed)
        #expect(printed.errors.hasPrefix("martlet: The job 3f9c0d was cancelled.\n"))
    }

    @Test func aBrokenConnectionIsTakenUpWhereItBroke() async throws {
        let caller = ScriptedCaller(
            answers(Shop.job(), Shop.job(), Shop.job(), Shop.job(), Shop.job("3f9c0d", .completed)),
            streams: [
                .broken([block(7, .jobStateChanged(Self.id, .processing))]), .unreachable, .refused(502, "<html>"),
                .blocks([]), .open([block(8, .jobCompleted(Self.id))]),
            ])
        let shop = ClusterWorkshop(caller: caller)
        let clock = shop.clock
        let pushing = Task {
            while !Task.isCancelled {
                await clock.waitForSleepers()
                clock.advance(by: .seconds(5))
            }
        }
        defer { pushing.cancel() }
        let printed = try await waiting(for: "the watched job") { try await shop.run("watch 3f9c0d") }
        #expect(printed.status == .success)
        #expect(
            printed.errors
                == "martlet: warning: The coordinator does not answer; it is tried again. The job goes on.\n")
        let asked = caller.asked.filter { $0.line == "GET /api/v1/events?job_id=3f9c0d" }
        #expect(asked.map { $0.headers["Last-Event-ID"] } == [nil, "7", "7", "7", "7"])
    }

    @Test func aCoordinatorThatStaysAwayIsGivenUp() async throws {
        let shop = ClusterWorkshop(
            caller: ScriptedCaller(answers(Shop.job()), streams: [.broken([block(7, .warning(Self.id, "mind"))])]))
        let clock = shop.clock
        let pushing = Task {
            while !Task.isCancelled {
                await clock.waitForSleepers()
                clock.advance(by: .seconds(20))
            }
        }
        defer { pushing.cancel() }
        let printed = try await waiting(for: "the end") { try await shop.run("watch 3f9c0d") }
        #expect(printed.status == .clusterUnavailable)
        #expect(printed.errors.contains("has not answered for 5 minutes"))
    }

    @Test func aTokenThatIsTakenBackEndsTheWatch() async throws {
        let shop = ClusterWorkshop(
            caller: ScriptedCaller(answers(Shop.job()), streams: [.broken([]), .refused(401, "{}")]))
        let clock = shop.clock
        let pushing = Task {
            await clock.waitForSleepers()
            clock.advance(by: .seconds(1))
        }
        let printed = try await waiting(for: "the end") { try await shop.run("watch 3f9c0d") }
        await pushing.value
        #expect(printed.status == .clusterUnavailable && printed.errors.contains("wants a token"))
    }

    @Test func anInterruptionSaysThatTheJobGoesOn() async throws {
        let caller = ScriptedCaller(answers(Shop.job()), streams: [.open([])])
        let shop = ClusterWorkshop(caller: caller)
        let running = Task { try await shop.run("submit movies:film.mkv movies:film.mp4 --watch") }
        // Asked for the tasks, it waits for events, in work that an interruption ends.
        while !caller.lines.contains(Self.path + "/tasks") { await Task.yield() }
        shop.interruption.request()
        let printed = try await waiting(for: "the end") { try await running.value }
        #expect(printed.status == .interrupted)
        #expect(
            printed.errors
                == "martlet: Interrupted; the job 3f9c0d goes on.\n`martlet watch 3f9c0d` looks on, `martlet cancel 3f9c0d` ends it.\n"
        )
    }

    @Test func everythingIsTold() async throws {
        let events: [Event] = [
            .workerRegistered(WorkerID("attic")), .jobStateChanged(Self.id, .waitingForWorkers),
            .workerStateChanged(WorkerID("attic"), .processing), .workerStateChanged(WorkerID("attic"), .draining),
            .progress(Self.id, .encoding, fraction: 0.5, framesPerSecond: 20, remainingSeconds: 61),
            .progress(Self.id, .encoding, fraction: 0.6, framesPerSecond: 20, remainingSeconds: 60),
            .taskFailed(Self.id, TaskID("video-00001"), message: "ffmpeg crashed."), .jobCompleted(Self.id),
            .jobStateChanged(JobID("b"), .cancelled),
        ]
        let blocks = events.enumerated().map { block($0.offset, $0.element) } + ["data: {\"event\": \"later\"}\n\n"]
        func shop() -> ClusterWorkshop {
            ClusterWorkshop(caller: ScriptedCaller(streams: [.blocks(blocks), .refused(401, "")]))
        }
        func run(_ line: String) async throws -> ClusterWorkshop.Printed {
            let shop = shop()
            let running = Task { try await shop.run(line) }
            await shop.clock.waitForSleepers()
            shop.clock.advance(by: .seconds(1))
            return try await waiting(for: "the end") { try await running.value }
        }
        #expect(
            try await run("watch").output == """
                worker attic: here
                3f9c0d: waiting for workers
                worker attic: draining
                3f9c0d: 50 %, encoding, 20.0 fps, 1:01 left
                3f9c0d: video-00001: failed: ffmpeg crashed.
                3f9c0d: completed
                b: cancelled

                """)
        let lines = try await run("watch --json").lines
        #expect(lines.first?.hasPrefix(#"{"event": "connected", "coordinator": "http"#) == true)
        #expect(lines.count == 1 + 8 + 2)
    }
}
