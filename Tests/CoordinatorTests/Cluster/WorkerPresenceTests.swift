// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletCoordinator
import MartletModel
import MartletPorts
import MartletTestKit
import MartletWire
import Testing

/// Workers that come and go, and what becomes of jobs meanwhile.
@Suite struct WorkerPresenceTests {
    private let far = WorkerID("far")

    /// A worker at the other end of a connection, led by the test.
    private struct Line {
        let socket: MemoryWebSocket
        let said = Journal<CoordinatorMessage>()
        let served: Task<Void, Never>

        init(to hall: Hall, _ name: String, run: String = "first") async throws {
            let (near, far) = MemoryWebSocket.pair()
            socket = far
            served = near.told(to: hall.service.listener(to: near))
            Task { [said, socket] in
                while case .text(let text)? = await socket.receive() {
                    if let message = try? MessageText.decode(CoordinatorMessage.self, from: text) { said.note(message) }
                }
            }
            let registration = WorkerRegistration(
                profile: .sample(name), build: SoftwareCatalog.build, instance: "\(run) run of \(name)")
            try await say(.register(registration))
            _ = try await said.wait(for: "\(name) to be let in") { !$0.isEmpty }
        }

        func say(_ message: WorkerMessage) async throws { try await socket.send(.text(MessageText.encode(message))) }

        func order() async throws -> TaskAssignment {
            let all = try await said.wait(for: "an order") { $0.contains { $0.order != nil } }
            return try #require(all.compactMap(\.order).first)
        }
    }

    /// Everything that a hall's service tells.
    private func told(by hall: Hall) -> Journal<Event> {
        let journal = Journal<Event>()
        Task { for await event in hall.events { journal.note(event) } }
        return journal
    }

    @Test("A worker whose connection broke is shown as such, counts for nothing, and is forgotten when it is given up")
    func broken() async throws {
        let hall = try await Hall(required: 2)
        let told = told(by: hall)
        _ = try await hall.hand("near")
        let line = try await Line(to: hall, "far")
        #expect(await hall.service.workers().map(\.state) == [.idle, .idle])
        await line.socket.close(code: 1006, reason: "")
        try await told.wait(for: "the loss") { $0.contains(.workerStateChanged(far, .disconnected)) }
        let shown = try #require(await hall.service.workers().first { $0.id == far })
        #expect(shown.state == .disconnected)
        #expect(shown.health == .offline)
        let job = try await hall.submit()
        let view = try await hall.reached(.waitingForWorkers, by: job)
        #expect(view.error?.message == "2 workers are wanted, and 1 are there")
        hall.clock.advance(by: .seconds(1))
        try await told.wait(for: "the end of the wait") { $0.contains(.workerUnregistered(far)) }
        #expect(await hall.service.workers().map(\.id.text) == ["near"])
        await #expect(throws: CoordinatorError.self) { try await hall.service.remove(far) }
        _ = try await Line(to: hall, "far")
        #expect(await hall.service.workers().map(\.state.rawValue).sorted().first != "disconnected")
        try await told.wait(for: "the job to go on") { $0.contains(.jobStateChanged(job, .processing)) }
        await hall.service.stop()
    }

    @Test("A worker that users have taken out is not let in again before it is started anew")
    func takenOut() async throws {
        let hall = try await Hall()
        _ = try await Line(to: hall, "far")
        try await hall.service.remove(far)
        #expect(await hall.service.workers().isEmpty)
        let again = try await Line(to: hall, "far")
        guard case .refused(let code, _)? = again.said.entries.first else {
            Issue.record("it heard \(again.said.entries)")
            return
        }
        #expect(code == "coordinator.worker_removed")
        #expect(await hall.service.workers().isEmpty)
        let anew = try await Line(to: hall, "far", run: "second")
        guard case .welcome? = anew.said.entries.first else {
            Issue.record("it heard \(anew.said.entries)")
            return
        }
        #expect(await hall.service.workers().map(\.id) == [far])
        await hall.service.stop()
    }

    @Test("A worker that only falls silent is not shown, and is there again when it is heard of")
    func silent() async throws {
        let hall = try await Hall()
        let told = told(by: hall)
        let line = try await Line(to: hall, "far")
        hall.clock.advance(by: .seconds(30))
        try await told.wait(for: "the end of patience") { $0.contains(.workerUnregistered(far)) }
        #expect(await hall.service.workers().isEmpty)
        let job = try await hall.submit()
        let view = try await hall.reached(.waitingForWorkers, by: job)
        #expect(view.error?.message == "1 workers are wanted, and 0 are there")
        try await line.say(.heartbeat(holding: [], load: nil))
        #expect(try await line.order().lease.job == job)
        #expect(await hall.service.workers().map(\.state) == [.processing])
        // Silent again, and now the connection ends, too: no event says so, and nothing is kept.
        hall.clock.advance(by: .seconds(30))
        try await told.wait(for: "the end of patience again") { all in
            all.count { $0 == .workerUnregistered(far) } == 2
        }
        await line.socket.close(code: 1006, reason: "")
        await line.served.value
        await #expect(throws: CoordinatorError.self) { try await hall.service.remove(far) }
        await hall.service.stop()
    }

    @Test("A job whose only worker goes away waits for another, says so, and goes on when one comes")
    func onlyWorkerGone() async throws {
        let hall = try await Hall()
        let told = told(by: hall)
        let line = try await Line(to: hall, "far")
        let job = try await hall.submit()
        _ = try await line.order()
        #expect(try await hall.service.job(job).state == .processing)
        await line.socket.close(code: 1006, reason: "")
        try await told.wait(for: "the loss") { $0.contains(.workerStateChanged(far, .disconnected)) }
        hall.clock.advance(by: .seconds(1))
        let view = try await hall.reached(.waitingForWorkers, by: job)
        #expect(view.error?.code == "scheduling.no_worker")
        #expect(view.error?.advice?.contains("ffmpeg 5.1") == true)
        #expect(view.fps == nil)
        #expect(try await hall.memory.job(job)?.state == .waitingForWorkers)
        #expect(try await hall.service.jobs(state: .waitingForWorkers, limit: 9, cursor: nil).jobs.map(\.id) == [job])
        _ = try await hall.hand("near")
        let done = try await hall.reached(.completed, by: job)
        #expect(done.error == nil)
        #expect(try hall.text() == "[video-00000][video-00001][video-00002]")
        await hall.service.stop()
    }
}

extension CoordinatorMessage {
    /// The task that it orders; `nil` for everything else.
    fileprivate var order: TaskAssignment? { if case .run(let assignment) = self { assignment } else { nil } }
}
