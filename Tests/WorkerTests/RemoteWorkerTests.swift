// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletFFmpeg
import MartletHTTP
import MartletHost
import MartletMedia
import MartletModel
import MartletPorts
import MartletTestKit
import MartletWire
import MartletWorker
import Synchronization
import Testing

/// A whole worker: real ffmpeg, real media, real sockets.
@Suite struct RemoteWorkerTests {
    @Test(
        "It says what its machine can do, encodes a film that it has no copy of, and hands in the bytes of a run on it")
    func wholeWorker() async throws {
        let directory = try TemporaryDirectory()
        let film = try await MediaFixtures.path("h264_open.mkv")
        let fingerprint = try await LocalFiles().fingerprint(of: film)
        let coordinator = ScriptedCoordinator(token: "t")
        coordinator.greeting.withLock { $0 = .welcome(chunkSize: 50_000, heartbeatMilliseconds: 500) }
        let giver = SourceServer.Giver(path: film, tag: DataPlane.entityTag(of: fingerprint))
        coordinator.giver.withLock { $0 = giver }

        let far = HTTPServer(configuration: HTTPServerConfiguration(), handler: coordinator)
        let port = try await far.start()

        let program = try FFmpegProgram.locate()
        let (launcher, time) = (ProcessRunner(), SystemTime())
        let runner = FFmpegRunner(program: program, launcher: launcher, time: time)
        var configuration = RemoteWorker.Configuration(
            coordinator: CoordinatorAddress("http://127.0.0.1:\(port)", token: "t"), id: WorkerID("pc"),
            directory: directory.file("own"), version: "0.1")
        configuration.slots = 1
        configuration.benchmarkDuration = .seconds(4)
        let worker = RemoteWorker(
            configuration: configuration,
            surroundings: RemoteWorker.Surroundings(
                encoder: runner,
                catalog: FFmpegCatalog(program: program, launcher: launcher, time: time, cacheDirectory: nil),
                prober: MediaReader(files: LocalFiles(), cacheDirectory: nil), files: LocalFiles(),
                caller: CurlCaller(), meter: LoadProbe(), time: time, machine: MachineProbe().facts(),
                graphics: []
            ) { handler in
                let server = HTTPServer(configuration: HTTPServerConfiguration(), handler: handler)
                return RemoteWorker.LoopbackService(port: try await server.start()) { await server.stop() }
            })
        let work = Task { try await worker.run() }
        let profile = try await coordinator.registration().profile
        #expect(profile.slots == 1)
        #expect(profile.encoders.isSuperset(of: ["libx264", "aac"]))
        // It is in before it knows how fast it is, and says that later.
        #expect(profile.isMeasuring && profile.speed == nil)
        let isSpeed: @Sendable (WorkerMessage) -> Bool = { if case .measured = $0 { true } else { false } }
        guard case .measured(let speed) = try await coordinator.heard(0, "its speed", where: isSpeed) else { return }
        #expect(try #require(speed) > 0.01)
        #expect(profile.machine?.ffmpeg.isEmpty == false)

        let words =
            "-frames:v 30 -an -sn -c:v libx264 -preset ultrafast -threads 1 -flags:v +bitexact -fflags +bitexact"
        var task = TaskSpecification.sample(frames: 30)
        task.command = FFmpegCommand(
            [.text("-ss"), .text("1"), .text("-i"), .source] + words.split(separator: " ").map { .text(String($0)) }
                + [.output])
        let lease = LeaseToken(job: JobID("job"), task: task.id, epoch: Epoch(1), worker: WorkerID("pc"))
        try await coordinator.say(
            .run(
                TaskAssignment(
                    lease: lease, task: task, sourcePath: "/elsewhere/film.mkv", fingerprint: fingerprint,
                    timeBase: TimeBase(1, 1000), expectedTimes: [], directory: "/elsewhere", inputs: [:])))
        // A connection that breaks meanwhile takes nothing with it.
        try await giver.asked.wait(for: "the run") { !$0.isEmpty }
        await coordinator.cut()
        var measured = profile
        (measured.isMeasuring, measured.speed) = (false, speed)
        #expect(try await coordinator.registration(1).profile == measured)
        guard case (lease, .completed(let artifact)) = try await coordinator.result() else {
            Issue.record("it ended as \(try await coordinator.result())")
            return
        }
        #expect(artifact.count == 30)
        let near = directory.file("near.mkv")
        _ = try await runner.run(
            EncoderRun(arguments: task.command.resolved(source: film, output: near) { _ in "" })
        ) { _ in }
        #expect(try coordinator.results.withLock { $0[artifact.fileName] } == directory.bytes("near.mkv"))
        let isBeat: @Sendable (WorkerMessage) -> Bool = { if case .heartbeat(_, .some) = $0 { true } else { false } }
        _ = try await coordinator.heard(0, "heartbeat with a load", where: isBeat)
        work.cancel()
        try await waiting(for: "the worker's end") { try await work.value }
        _ = try await coordinator.heard(0, "that it leaves") { $0 == .leaving }
        #expect(try LocalFiles().list(directory.file("own/jobs")).isEmpty)
        #expect(try LocalFiles().list(directory.file("own/sources")).isEmpty)
        await far.stop()
    }
}
