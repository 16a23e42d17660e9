// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletHost
import MartletModel
import MartletPorts
import MartletTestKit
import MartletWire
import MartletWorker
import Synchronization

/// A worker that reaches its coordinator by calls alone, with everything around it.
struct RemoteBench {
    let directory: TemporaryDirectory
    let coordinator: ScriptedCoordinator
    let caller: InProcessCaller
    let clock = ManualClock()
    let encoder: ScriptedEncoder
    let dispatch: RemoteDispatch
    let worker: Worker
    let source: String
    /// Whether calls reach the coordinator.
    let isReachable: Switch

    final class Switch: Sendable {
        private let state = Mutex(true)
        var isOn: Bool {
            get { state.withLock { $0 } }
            set { state.withLock { $0 = newValue } }
        }
    }

    init(
        token: String? = nil, configuration: RemoteDispatch.Configuration = .init(), callerToken: String? = nil,
        files: any FileStore & FileParts = LocalFiles(),
        _ script: @escaping ScriptedEncoder.Script = { _, _ in .picture(frames: 250) }
    ) throws {
        directory = try TemporaryDirectory()
        try LocalFiles().makeDirectory(directory.file("films"))
        source = try directory.write("a film", to: "films/film.mkv")
        coordinator = ScriptedCoordinator(token: token)
        let isReachable = Switch()
        self.isReachable = isReachable
        caller = InProcessCaller(coordinator) { _ in if !isReachable.isOn { throw InProcessCaller.unreachable } }
        encoder = ScriptedEncoder(script)
        let address = CoordinatorAddress("http://coordinator:8090/", token: callerToken ?? token)
        let cache = try SourceCache(
            directory: directory.file("own/sources"), files: files, coordinator: address, caller: caller,
            time: clock)
        let workspace = Workspace(
            directory: directory.file("own"), mediaRoots: ["movies": directory.file("films")], files: files,
            coordinator: address, caller: caller, proxy: SourceProxy(cache: cache), time: clock)
        dispatch = RemoteDispatch(
            configuration: configuration,
            build: EncoderBuild(version: "5.1", codecMajorVersion: 59, digest: "build", encoders: [], filters: []),
            coordinator: address, caller: caller, workspace: workspace, time: clock)
        worker = Worker(
            profile: .sample(slots: 2), dispatch: dispatch, encoder: encoder, prober: ScriptedProber(),
            files: files, time: clock
        ) { WorkerLoad(processors: 0.5, memory: .mebibytes(100)) }
    }

    func begin() -> Task<Void, any Error> { Task { [worker] in try await worker.run() } }

    /// A task of the film in the shared root.
    func assignment(
        _ task: TaskSpecification = .sample(), epoch: Int = 1, change: (inout TaskAssignment) -> Void = { _ in }
    ) async throws -> TaskAssignment {
        var fingerprint = try await LocalFiles().fingerprint(of: source)
        fingerprint.modifiedNanoseconds = 1
        var result = TaskAssignment(
            lease: LeaseToken(job: JobID("job"), task: task.id, epoch: Epoch(epoch), worker: WorkerID("w1")),
            task: task, sourcePath: "/coordinator/film.mkv", fingerprint: fingerprint, timeBase: TimeBase(1, 1000),
            expectedTimes: [], directory: "/coordinator/job", inputs: [:],
            sourceAddress: MediaAddress(root: "movies", path: "film.mkv"))
        change(&result)
        return result
    }

    /// Moves the clock whenever somebody waits for it, until the work is done.
    func hurrying<Value: Sendable>(_ work: @escaping @Sendable () async throws -> Value) async throws -> Value {
        let hurry = Task { [clock] in
            while !Task.isCancelled {
                await clock.waitForSleepers()
                clock.advance(by: .milliseconds(250))
                await Task.yield()
            }
        }
        defer { hurry.cancel() }
        return try await work()
    }

    /// What the worker still has on its disk, by path.
    func leftovers() throws -> [String] { try LocalFiles().list(directory.file("own/jobs")) }
}
