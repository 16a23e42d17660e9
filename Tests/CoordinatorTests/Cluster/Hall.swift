// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletCoordinator
import MartletHost
import MartletModel
import MartletPorts
import MartletScheduling
import MartletTestKit
import MartletWire
import Synchronization

/// A cluster's service with everything around it, over a media root `films` in a directory of its own.
struct Hall {
    let directory: TemporaryDirectory
    let memory: MemoryJobStore
    let clock: ManualClock
    let service: ClusterService
    let events: AsyncStream<Event>

    /// Makes a hall; one with the directory and the store of an earlier one takes up its jobs.
    ///
    /// - Parameters:
    ///   - store: what stands between the service and its records, each time they are opened.
    ///   - examined: called whenever a source is read.
    init(
        after earlier: Hall? = nil, required: Int = 1, concurrent: Int = 10, returnGrace: Duration = .zero,
        store: @escaping @Sendable (MemoryJobStore) async throws -> any JobStore = { $0 },
        examined: @escaping @Sendable (FrameIndex.Method) async throws -> FrameIndex = { .film($0) }
    ) async throws {
        let directory = try earlier?.directory ?? TemporaryDirectory()
        let memory = earlier?.memory ?? MemoryJobStore()
        let clock = ManualClock()
        (self.directory, self.memory, self.clock) = (directory, memory, clock)
        let root = directory.file("films")
        try LocalFiles().makeDirectory(root)
        for name in ["a", "b", "c"] where !LocalFiles().exists("\(root)/\(name).mkv") {
            try Data("film \(name)".utf8).write(to: URL(filePath: "\(root)/\(name).mkv"))
        }
        var configuration = ClusterConfiguration(
            directory: directory.file("data"), roots: try MediaRoots([("films", root)], files: LocalFiles()))
        configuration.requiredWorkers = required
        configuration.scheduling.retry.delay = .zero
        configuration.scheduling.maximumConcurrentJobs = concurrent
        configuration.scheduling.returnGrace = returnGrace
        configuration.spaceReserve = ByteCount(0)
        let names = Mutex(0)
        let prober = PathProber(index: examined)
        service = ClusterService(
            configuration: configuration,
            surroundings: ClusterSurroundings(
                preparation: { catalog in
                    JobPreparation(prober: prober, catalog: catalog, scenes: NoScenes(), restamper: NoRestamper())
                },
                read: { submission in
                    if submission.params?.codec == "nonsense" {
                        throw CoordinatorError(.badSubmission, "codec is \"nonsense\"")
                    }
                    var parameters = TranscodeParameters()
                    parameters.split = .fixed
                    parameters.segmentDurationMilliseconds = 12_000
                    let priority = Priority.allCases.first { $0.name == submission.priority }
                    return JobOrder(output: submission.output, parameters: parameters, priority: priority ?? .normal)
                },
                openStore: { try await store(memory) }, prober: prober, assembler: ChainingAssembler(),
                verifier: FixedVerifier(), meter: FixedMeter(), files: LocalFiles(), time: clock,
                newName: {
                    let number = names.withLock { number in
                        number += 1
                        return number
                    }
                    return "job-\(number)"
                }))
        events = await service.events()
        try await service.begin()
    }

    /// Submits one of the films.
    @discardableResult
    func submit(_ film: String = "a", to output: String = "out.mp4", priority: String? = nil) async throws -> JobID {
        var submission = JobSubmission(source: "films:\(film).mkv", output: "films:\(output)")
        submission.priority = priority
        return try await service.submit(submission).id
    }

    /// A worker in this process that has joined.
    func hand(
        _ id: String = "w1", slots: Int = 2,
        policy: @escaping Hand.Policy = { hand, task in .completed(try await hand.made(task)) }
    ) async throws -> Hand {
        let dispatch = ServiceDispatch(service: service, build: SoftwareCatalog.build)
        let hand = Hand(dispatch, id: id, slots: slots, policy: policy)
        try await hand.join()
        return hand
    }

    /// Waits until a job is in a state.
    func reached(_ state: JobState, by job: JobID) async throws -> JobView {
        let service = self.service
        let events = await service.events()
        if let view = try? await service.job(job), view.state == state { return view }
        return try await waiting(for: "\(job) to be \(state)") {
            for await event in events {
                if case .jobStateChanged(job, state) = event { break }
            }
            return try await service.job(job)
        }
    }

    /// Waits until the service says that something hinders it, or goes on.
    func becomes(hindered isHindered: Bool) async throws {
        let service = self.service
        try await waiting(for: isHindered ? "the service to say what hinders it" : "the service to go on") {
            while await (service.hindrance != nil) != isHindered { await Task.yield() }
        }
    }

    /// What is in an output.
    func text(of output: String = "out.mp4") throws -> String {
        try String(contentsOfFile: directory.file("films/\(output)"), encoding: .utf8)
    }
}

/// Reads every film as the same one, wherever it lies.
private struct PathProber: MediaProber {
    var index: @Sendable (FrameIndex.Method) async throws -> FrameIndex

    func describe(path: String) async throws -> SourceDescription {
        var source = SourceDescription.film(at: path)
        source.fingerprint = try await LocalFiles().fingerprint(of: path)
        return source
    }

    func index(of source: SourceDescription, stream: Int, method: FrameIndex.Method) async throws -> FrameIndex {
        try await index(method)
    }

    func inspect(path: String) async throws -> StreamInspection { throw NotScripted() }
}
