// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import FoundationEssentials
import MartletModel
import MartletPorts
import MartletWire
import Testing

@testable import martlet

@Suite struct ClientCommandTests {
    private typealias Shop = ClusterWorkshop

    private func shop(_ answers: [String: [(Int, String)]]) -> ClusterWorkshop {
        ClusterWorkshop(caller: ScriptedCaller(answers))
    }

    @Test func jobsAreATableWithTheNewestFirst() async throws {
        let page = JobPage(
            jobs: [Shop.job(), Shop.job("77aa", .completed), Shop.job("77ab", .queued)], nextCursor: nil)
        let printed = try await shop(["GET /api/v1/jobs?limit=20": [(200, Shop.json(page))]]).run("jobs")
        #expect(
            printed.output == """
                JOB     STATE       DONE  LEFT  PRIORITY  SUBMITTED  NAME
                3f9c0d  processing  42 %  0:31  normal    1 min ago  film.mkv
                77aa    completed               normal    1 min ago  film.mkv
                77ab    queued      42 %        normal    1 min ago  film.mkv

                """)
        #expect(printed.status == .success && printed.errors.isEmpty)
    }

    @Test func noJobsIsSaid() async throws {
        let printed = try await shop(["GET /api/v1/jobs?limit=20": [(200, #"{"jobs": []}"#)]]).run("jobs")
        #expect(printed.output == "There are no jobs.\n")
    }

    @Test func allJobsAreFetchedAPageAtATime() async throws {
        let pages = [
            JobPage(jobs: [Shop.job("a", .failed)], nextCursor: "x/1"),
            JobPage(jobs: [Shop.job("b", .failed)], nextCursor: nil),
        ]
        let shop = shop([
            "GET /api/v1/jobs?limit=1000&state=failed": [(200, Shop.json(pages[0]))],
            "GET /api/v1/jobs?limit=1000&state=failed&cursor=x%2F1": [(200, Shop.json(pages[1]))],
        ])
        let printed = try await shop.run("jobs --all --state failed --json")
        #expect(printed.lines.map { $0.prefix(12) } == [#"{"id": "a", "#, #"{"id": "b", "#])
    }

    @Test func theLimitHoldsOverPages() async throws {
        let first = JobPage(jobs: [Shop.job("a"), Shop.job("b")], nextCursor: "n")
        let second = JobPage(jobs: [Shop.job("c")], nextCursor: "m")
        let shop = shop([
            "GET /api/v1/jobs?limit=3": [(200, Shop.json(first))],
            "GET /api/v1/jobs?limit=1&cursor=n": [(200, Shop.json(second))],
        ])
        #expect(try await shop.run("jobs --limit 3 --json").lines.count == 3)
    }

    @Test func aJobShowsItsTasksAndWhyAttemptsFailed() async throws {
        let shop = shop([
            "GET /api/v1/jobs/3f9c0d": [(200, Shop.json(Shop.job()))],
            "GET /api/v1/jobs/3f9c0d/tasks": [(200, Shop.json(Shop.tasks))],
        ])
        let printed = try await shop.run("job 3f9c0d")
        #expect(
            printed.output == """
                job        3f9c0d
                name       film.mkv
                source     movies:film.mkv
                output     movies:film.mp4
                state      processing, 42 %, encoding, 48.0 fps, 0:31 left
                priority   normal
                submitted  1 min ago
                frames     297 in 2 segments
                tasks      0 of 3 completed

                TASK         STATE      WORKER  ATTEMPTS  FRAMES  TIME    SIZE  ENCODER
                video-00000  completed  cellar         2     240  0:05  1.5 MB  libx264
                video-00001  running    attic          1      57  0:10          libx264

                video-00000, attempt 1 on attic: failed after 0:02: ffmpeg crashed. (ffmpeg.crashed)

                """)
        let verbose = try await shop.run("job 3f9c0d -v")
        #expect(
            verbose.output.contains("(ffmpeg.crashed)\n    line one\n    line two\nvideo-00000, attempt 2 on cellar: "))
        let json = try await shop.run("job 3f9c0d --json")
        #expect(json.lines.count == 1)
        #expect(json.output.contains(#""log": "line one\nline two""#))
    }

    @Test func aNameMayBeShortWhenItFitsOneJobOnly() async throws {
        let page = JobPage(jobs: [Shop.job("3f9c0d"), Shop.job("3f11"), Shop.job("aa")], nextCursor: nil)
        let unknown = Shop.problem("coordinator.unknown_job", "There is no job of that name.")
        let shop = shop([
            "GET /api/v1/jobs/3f9": [(404, unknown)], "GET /api/v1/jobs/3f": [(404, unknown)],
            "GET /api/v1/jobs/zz": [(404, unknown)], "GET /api/v1/jobs?limit=1000": [(200, Shop.json(page))],
            "DELETE /api/v1/jobs/3f9c0d": [(200, Shop.json(Shop.job("3f9c0d", .cancelled)))],
        ])
        let found = try await shop.run("cancel 3f9")
        #expect(found.output == "The job 3f9c0d is now: cancelled\n")
        let ambiguous = try await shop.run("cancel 3f")
        #expect(ambiguous.status == .usage)
        #expect(
            ambiguous.errors
                == "martlet: `3f` may be one of 2 jobs: 3f9c0d, 3f11.\nWrite more of the name.\n")
        let missing = try await shop.run("cancel zz")
        #expect(missing.status == .usage)
        #expect(missing.errors.hasPrefix("martlet: There is no job whose name begins with `zz`.\n"))
        #expect(shop.caller.lines.filter { $0.hasPrefix("DELETE") } == ["DELETE /api/v1/jobs/3f9c0d"])
    }

    @Test func cancellingWhatIsOverSaysSo() async throws {
        let over = Shop.json(Shop.job("77aa", .completed))
        let shop = shop(["GET /api/v1/jobs/77aa": [(200, over)], "DELETE /api/v1/jobs/77aa": [(200, over)]])
        #expect(try await shop.run("cancel 77aa").output == "The job 77aa was over already: completed\n")
    }

    @Test func aJobIsTakenUpAgain() async throws {
        let shop = shop([
            "GET /api/v1/jobs/77aa": [(200, Shop.json(Shop.job("77aa", .failed)))],
            "POST /api/v1/jobs/77aa/retry": [(200, Shop.json(Shop.job("77aa", .queued)))],
        ])
        #expect(try await shop.run("retry 77aa").output == "The job 77aa is now: queued\n")
        #expect(try await shop.run("retry 77aa --json").output.hasPrefix(#"{"id": "77aa", "name": "film.mkv""#))
    }

    @Test func whatTheCoordinatorReportsIsOneMessageWithItsExitCode() async throws {
        let shop = shop([
            "GET /api/v1/jobs/77aa": [(200, Shop.json(Shop.job("77aa")))],
            "POST /api/v1/jobs/77aa/retry": [
                (409, Shop.problem("coordinator.wrong_state", "The job 77aa is not over.", exit: 1))
            ],
        ])
        let printed = try await shop.run("retry 77aa --json")
        #expect(printed.status == .jobFailed)
        #expect(printed.errors == "martlet: The job 77aa is not over.\n")
        #expect(printed.lines.first?.contains(#""code": "coordinator.wrong_state""#) == true)
    }

    @Test func workersAreATable() async throws {
        var slower = Shop.worker("cellar")
        (slower.speed, slower.state, slower.paused) = (0.5, .idle, true)
        slower.running = [.init(job: JobID("3f9c0d"), task: TaskID.stream)]
        slower.address = "192.168.1.20:8080"
        let workers = [Shop.worker(), slower]
        let shop = shop(["GET /api/v1/workers": [(200, Shop.json(workers))]])
        #expect(
            try await shop.run("workers").output
                == """
                WORKER  STATE         HEALTH    TASKS  STREAMS   CPU  SPEED  DONE  FAILED  HEARD    HARDWARE
                attic   processing    healthy  1 of 2           93 %  100 %    12       1  4 s ago  nvenc cuda
                cellar  idle, paused  healthy  0 of 2   1 of 1  93 %   40 %    12       1  4 s ago  nvenc cuda

                """)
        #expect(try await shop.run("workers -v").output.contains("Linux 6.1"))
        #expect(try await shop.run("workers --json").lines.count == 2)
    }

    @Test func aWorkerIsDrainedByTheBeginningOfItsName() async throws {
        let shop = shop([
            "GET /api/v1/workers": [(200, Shop.json([Shop.worker("attic pc"), Shop.worker("cellar")]))],
            "POST /api/v1/workers/attic%20pc/drain": [(200, Shop.json(Shop.worker("attic pc")))],
        ])
        #expect(
            try await shop.run("drain att").output
                == "The worker attic pc gets no new work, and ends the 1 task that it runs.\n")
        #expect(try await shop.run("drain roof").status == .usage)
    }

    @Test(arguments: ["jobs", "job a", "cancel a", "retry a", "workers", "drain a", "watch", "submit a:b.mkv a:b.mp4"])
    func nobodyThereIsExitCodeSix(line: String) async throws {
        let printed = try await ClusterWorkshop().run(line)
        #expect(printed.status == .clusterUnavailable)
        #expect(printed.errors == "martlet: Nobody answers.\nIs it running?\n")
    }

    @Test func aMissingOrWrongTokenIsExitCodeSix() async throws {
        var shop = shop(["GET /api/v1/workers": [(401, Shop.problem("api.unauthorized", "It has expired.", exit: 6))]])
        let without = try await shop.run("workers")
        #expect(without.status == .clusterUnavailable)
        #expect(without.errors.hasPrefix("martlet: The coordinator at http://127.0.0.1:8090 wants a token.\n"))
        shop.environment["MARTLET_TOKEN"] = "old"
        let with = try await shop.run("workers")
        #expect(with.errors.hasSuffix("does not take this token.\nIt has expired.\n"))
        #expect(shop.caller.asked.map { $0.headers["Authorization"] } == [nil, "Bearer old"])
    }

    @Test func whatIsNoCoordinatorIsSaidToBeNone() async throws {
        let shop = shop(["GET /api/v1/workers": [(200, "<html>"), (404, "<html>"), (502, "")]])
        for text in ["is no coordinator that this", "answered with status 404", "answered with status 502"] {
            let printed = try await shop.run("workers")
            #expect(printed.status == .clusterUnavailable && printed.errors.contains(text))
        }
    }

    @Test func namesFromElsewhereCannotSteerTheTerminal() async throws {
        var job = Shop.job()
        job.name = "\u{1b}[2Jfilm\n\u{202E}"
        let page = JobPage(jobs: [job], nextCursor: nil)
        let printed = try await shop(["GET /api/v1/jobs?limit=20": [(200, Shop.json(page))]]).run("jobs")
        #expect(printed.output.contains("?[2Jfilm??"))
        #expect(!printed.output.contains("\u{1b}"))
    }
}
