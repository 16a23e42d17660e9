// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletCoordinator
import MartletHost
import MartletModel
import MartletPorts
import MartletTestKit
import MartletWire
import Synchronization
import Testing

/// Jobs of a cluster, from their submission to their end.
@Suite struct ClusterServiceTests {
    @Test("A job that is submitted is planned, done by the worker that is there, and kept")
    func done() async throws {
        let hall = try await Hall()
        _ = try await hall.hand()
        let job = try await hall.submit()
        let view = try await hall.reached(.completed, by: job)
        #expect(view.tasksTotal == 3 && view.tasksCompleted == 3)
        #expect(view.frames == 900)
        #expect(view.segments == 3)
        #expect(view.progress == 1)
        #expect(view.source == "films:a.mkv")
        #expect(try hall.text() == "[video-00000][video-00001][video-00002]")
        let tasks = try await hall.service.tasks(of: job)
        #expect(tasks.map(\.state) == [.completed, .completed, .completed])
        #expect(tasks.allSatisfy { $0.attempts.map(\.result) == ["completed"] && $0.frames == 300 })
        #expect(LocalFiles().exists(hall.directory.file("data/jobs/\(job)")) == false)
        await hall.service.stop()
    }

    @Test("A job waits for the workers that it needs, and says so")
    func waits() async throws {
        let hall = try await Hall(required: 2)
        let job = try await hall.submit()
        let view = try await hall.reached(.waitingForWorkers, by: job)
        #expect(view.error?.code == "scheduling.no_worker")
        _ = try await hall.hand("w1")
        #expect(try await hall.service.job(job).state == .waitingForWorkers)
        _ = try await hall.hand("w2")
        _ = try await hall.reached(.completed, by: job)
        await hall.service.stop()
    }

    @Test("After a stop, another process goes on, and finished segments are not made again")
    func goesOn() async throws {
        let hall = try await Hall()
        let hand = try await hall.hand(slots: 1) { hand, order in
            order.task.id == TaskID("video-00001") ? nil : .completed(try await hand.made(order))
        }
        let job = try await hall.submit()
        _ = try await hand.assignments.wait(for: "the second segment to be given out") { all in
            all.contains { $0.task.id == TaskID("video-00001") }
        }
        await hall.service.stop()
        let next = try await Hall(after: hall)
        let other = try await next.hand("w2")
        let view = try await next.reached(.completed, by: job)
        #expect(view.reusedSegments >= 1)
        #expect(other.assignments.entries.contains { $0.task.id == TaskID("video-00001") })
        #expect(try next.text() == "[video-00000][video-00001][video-00002]")
        await next.service.stop()
    }

    @Test("What a worker hands in while its job is being read anew is asked for again, not refused")
    func handsInEarly() async throws {
        let hall = try await Hall()
        let first = try await hall.hand(policy: Hand.idle)
        let job = try await hall.submit()
        let order = try await first.assignments.entry(0, "work")
        await hall.service.stop()
        let gate = ManualClock()
        let next = try await Hall(
            after: hall, returnGrace: .seconds(15),
            examined: { method in
                try await gate.sleep(until: Moment(nanoseconds: 1))
                return .film(method)
            })
        let routes = TransferRoutes(service: next.service).routes
        let caller = Caller(handler: Router(routes, door: Door(tokens: nil, time: next.clock), time: next.clock))
        let (task, epoch) = (order.task.id, order.lease.epoch.number)
        let file = "\(task).\(epoch).\(order.task.fileExtension)"
        let path = "/api/v1/jobs/\(job)/results/\(file)?task=\(task)&epoch=\(epoch)&worker=w1"
        #expect(await caller.call("HEAD", path).status == 503)
        #expect(await caller.call("GET", "/api/v1/jobs/\(job)/source").status == 503)
        let back = Hand(ServiceDispatch(service: next.service, build: SoftwareCatalog.build), policy: Hand.idle)
        // It is let in when its job is there.
        let joining = Task { try await back.join(holding: [order.lease]) }
        try await waiting(for: "the reader") { await gate.waitForSleepers() }
        #expect(await caller.call("HEAD", path).status == 503)
        gate.advance(by: .nanoseconds(1))
        try await joining.value
        #expect(await caller.call("HEAD", path).status == 204)
        #expect(await caller.call("GET", "/api/v1/jobs/\(job)/source").status == 200)
        await next.service.stop()
    }

    @Test("A job is cancelled whatever it is at, and can be retried")
    func cancelled() async throws {
        let hall = try await Hall(concurrent: 1)
        let hand = try await hall.hand(policy: Hand.idle)
        let running = try await hall.submit("a", to: "a.mp4")
        let queued = try await hall.submit("b", to: "b.mp4")
        _ = try await hand.assignments.entry(0, "work")
        #expect(try await hall.service.cancel(queued).state == .cancelled)
        #expect(try await hall.service.cancel(running).state == .cancelled)
        #expect(try await hall.service.cancel(running).state == .cancelled)
        _ = try await hand.stops.entry(0, "a word to stop")
        let again = try await hall.service.retry(queued)
        #expect(again.state == .queued)
        await #expect(throws: CoordinatorError.self) { _ = try await hall.service.retry(queued) }
        #expect(try await hall.service.cancel(queued).state == .cancelled)
        await hall.service.stop()
    }

    @Test("A more urgent job has its turn first")
    func urgent() async throws {
        let hall = try await Hall(concurrent: 1)
        let first = try await hall.submit("a", to: "a.mp4")
        _ = try await hall.reached(.waitingForWorkers, by: first)
        let low = try await hall.submit("b", to: "b.mp4", priority: "low")
        let high = try await hall.submit("c", to: "c.mp4", priority: "high")
        _ = try await hall.reached(.waitingForWorkers, by: high)
        #expect(try await hall.service.job(low).state == .queued)
        #expect(try await hall.service.setPriority(.critical, of: low).priority == "critical")
        _ = try await hall.reached(.waitingForWorkers, by: low)
        await hall.service.stop()
    }

    @Test("What lies outside the media roots, is not there, or is there already is refused")
    func refused() async throws {
        let hall = try await Hall()
        let films = hall.directory.file("films")
        try Data("secret".utf8).write(to: URL(filePath: hall.directory.file("secret.mkv")))
        try FileManager.default.createSymbolicLink(
            atPath: films + "/link.mkv", withDestinationPath: hall.directory.file("secret.mkv"))
        try FileManager.default.createSymbolicLink(atPath: films + "/up", withDestinationPath: hall.directory.path)
        func code(_ source: String, _ output: String) async -> String? {
            do {
                _ = try await hall.service.submit(JobSubmission(source: source, output: output))
                return nil
            } catch { return (error as? any CodedError)?.codeName }
        }
        for source in [
            "films:../secret.mkv", "films:link.mkv", "films:up/secret.mkv", "/etc/passwd", "films:none.mkv", "a.mkv",
            "shows:a.mkv", "films:", "http://127.0.0.1/a.mkv",
        ] {
            #expect(await code(source, "films:o.mp4") == "coordinator.bad_path", "\(source)")
        }
        for output in ["films:../o.mp4", "films:up/o.mp4", "/tmp/o.mp4", "films:none/o.mp4"] {
            #expect(await code("films:a.mkv", output) == "coordinator.bad_path", "\(output)")
        }
        #expect(await code("films:a.mkv", "films:b.mkv") == "coordinator.output_exists")
        #expect(await code(films + "/a.mkv", films + "/o.mp4") == nil)
        #expect(await code("films:b.mkv", "films:o.mp4") == "coordinator.output_busy")
        await hall.service.stop()
    }

    @Test("A source that is another file when its turn comes fails its job")
    func changed() async throws {
        let hall = try await Hall(concurrent: 1)
        let first = try await hall.submit("a", to: "a.mp4")
        let second = try await hall.submit("b", to: "b.mp4")
        try Data("something else".utf8).write(to: URL(filePath: hall.directory.file("films/b.mkv")))
        _ = try await hall.service.cancel(first)
        let view = try await hall.reached(.failed, by: second)
        #expect(view.error?.code == "coordinator.source_changed")
        await hall.service.stop()
    }

    @Test(
        "A source that becomes another while it is read fails its job, whatever its reader meets",
        arguments: [true, false])
    func changedInReading(isBroken: Bool) async throws {
        let film = Mutex("")
        let hall = try await Hall(examined: { method in
            try Data("something else".utf8).write(to: URL(filePath: film.withLock { $0 }))
            if isBroken { throw CoordinatorError(.noSpace, "the reader fell over its own feet") }
            return .film(method)
        })
        film.withLock { $0 = hall.directory.file("films/a.mkv") }
        _ = try await hall.hand()
        let view = try await hall.reached(.failed, by: try await hall.submit())
        #expect(view.error?.code == "coordinator.source_changed")
        #expect(!LocalFiles().exists(hall.directory.file("films/out.mp4")))
        await hall.service.stop()
    }

    @Test("A job that is given up while it is handed on ends as cancelled, and nothing of it goes on")
    func givenUp() async throws {
        let hall = Mutex<ClusterService?>(nil)
        let gate = Mutex(true)
        let place = try await Hall(store: { memory in
            FaultyStore(
                memory,
                before: { change in
                    // The first tasks are kept when the coordinator has the job, and its service not yet its word.
                    guard case .insertTasks = change, gate.withLock({ $0 }), let service = hall.withLock({ $0 }) else {
                        return
                    }
                    gate.withLock { $0 = false }
                    Task { _ = try await service.cancel(JobID("job-1")) }
                })
        })
        hall.withLock { $0 = place.service }
        let hand = try await place.hand(policy: Hand.idle)
        let job = try await place.submit()
        _ = try await place.reached(.cancelled, by: job)
        #expect(try await place.memory.job(job)?.state == .cancelled)
        let late = AttemptFailure(code: "ffmpeg.failed", message: "too late", isRetryable: true)
        for order in hand.assignments.entries { #expect(try await !hand.finish(order, .failed(late))) }
        await place.service.stop()
    }

    @Test("A retry that the records do not take leaves the job as it was, and can be tried again")
    func retryFails() async throws {
        let isBroken = Mutex(true)
        let hall = try await Hall(store: { memory in
            FaultyStore(
                memory,
                before: { change in
                    guard case .renewJob = change, isBroken.withLock({ $0 }) else { return }
                    throw CoordinatorError(.outputBusy, "not now")
                })
        })
        let job = try await hall.submit()
        #expect(try await hall.service.cancel(job).state == .cancelled)
        await #expect(throws: CoordinatorError.self) { _ = try await hall.service.retry(job) }
        #expect(try await hall.service.job(job).state == .cancelled)
        isBroken.withLock { $0 = false }
        #expect(try await hall.service.retry(job).state == .queued)
        _ = try await hall.hand()
        _ = try await hall.reached(.completed, by: job)
        await hall.service.stop()
    }

    @Test("Pages of jobs come newest first and fit together")
    func pages() async throws {
        let hall = try await Hall()
        var ids: [JobID] = []
        for number in 0..<5 {
            ids.append(try await hall.submit("a", to: "\(number).mp4"))
            hall.clock.advance(by: .milliseconds(5))
        }
        let first = try await hall.service.jobs(state: nil, limit: 2, cursor: nil)
        let second = try await hall.service.jobs(state: nil, limit: 2, cursor: first.nextCursor)
        let third = try await hall.service.jobs(state: nil, limit: 2, cursor: second.nextCursor)
        #expect((first.jobs + second.jobs + third.jobs).map(\.id) == ids.reversed())
        #expect(third.nextCursor == nil)
        #expect(try await hall.service.jobs(state: .completed, limit: 2, cursor: nil).jobs.isEmpty)
        await hall.service.stop()
    }

    @Test("When the records cannot be written, jobs say so, and go on as soon as that is mended")
    func recordsFail() async throws {
        let isBroken = Mutex(false)
        let hall = try await Hall(store: { memory in
            FaultyStore(
                memory,
                before: { _ in
                    if isBroken.withLock({ $0 }) { throw CoordinatorError(.noSpace, "no space is left") }
                })
        })
        let hand = try await hall.hand(slots: 1, policy: Hand.idle)
        let job = try await hall.submit()
        let order = try await hand.assignments.entry(0, "an order")
        isBroken.withLock { $0 = true }
        _ = try? await hand.finish(order, .completed(try await hand.made(order)))
        _ = try await hand.left.entry(0, "the end of the orders")
        try await hall.becomes(hindered: true)
        // It can be looked up all the time, and says what it waits for; nothing can be changed.
        let waits = try #require(try await hall.service.job(job).error)
        #expect(waits.code == "coordinator.no_space" && waits.message.contains("goes on when"))
        #expect(try await hall.service.jobs(state: nil, limit: 5, cursor: nil).jobs.map(\.id) == [job])
        #expect(await hall.service.hindrance?.contains("no space is left") == true)
        await #expect(throws: APIError.self) { _ = try await hall.service.cancel(job) }
        isBroken.withLock { $0 = false }
        await hall.clock.waitForSleepers(2)
        hall.clock.advance(by: .seconds(5))
        try await hall.becomes(hindered: false)
        _ = try await hall.hand("w2")
        _ = try await hall.reached(.completed, by: job)
        #expect(try hall.text() == "[video-00000][video-00001][video-00002]")
        await hall.service.stop()
    }
}
