// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletCoordinator
import MartletHost
import MartletModel
import MartletPorts
import MartletScheduling
import MartletTestKit

/// A coordinator with everything around it, in a directory of its own.
///
/// Its film has 900 frames in three segments when the packets are believed, and
/// 899 when it is decoded.
struct Studio {
    let directory: TemporaryDirectory
    let films: TemporaryDirectory
    let memory: MemoryJobStore
    let clock = ManualClock()
    let assembler: ChainingAssembler
    let meter: FixedMeter
    let prober: ScriptedProber
    let preparation: JobPreparation
    let coordinator: Coordinator
    let events: AsyncStream<Event>
    let job = JobID("job")

    /// Makes a studio; one with the directory and the store of an earlier one takes up its jobs.
    init(
        after earlier: Studio? = nil, store: (@Sendable (MemoryJobStore) -> any JobStore)? = nil,
        assembler: ChainingAssembler = ChainingAssembler(), verifier: FixedVerifier = FixedVerifier(),
        meter: FixedMeter = FixedMeter(), scheduling: SchedulingConfiguration = .prompt, workersOutlive: Bool = false,
        catalog: any EncoderCatalog = SoftwareCatalog(), films: TemporaryDirectory? = nil,
        index: @escaping @Sendable (FrameIndex.Method) async throws -> FrameIndex = { .film($0) }
    ) async throws {
        directory = try earlier?.directory ?? TemporaryDirectory()
        self.films = try earlier?.films ?? films ?? TemporaryDirectory()
        let films = self.films
        let film = films.file("film.mkv")
        if earlier == nil { _ = try films.write("a film", to: "film.mkv") }
        var source = SourceDescription.film(at: film)
        source.fingerprint = try await LocalFiles().fingerprint(of: film)
        memory = earlier?.memory ?? MemoryJobStore()
        self.assembler = assembler
        self.meter = meter
        prober = ScriptedProber(source: source, index: index)
        preparation = JobPreparation(
            prober: prober, catalog: catalog, scenes: NoScenes(), restamper: NoRestamper())
        var configuration = Coordinator.Configuration(directory: directory.file("work"))
        configuration.scheduling = scheduling
        configuration.workersOutlive = workersOutlive
        coordinator = Coordinator(
            configuration: configuration,
            surroundings: CoordinatorSurroundings(
                preparation: preparation, prober: prober, store: store?(memory) ?? memory, assembler: assembler,
                verifier: verifier, meter: meter, files: LocalFiles(), time: clock))
        events = await coordinator.events()
    }

    var film: String { films.file("film.mkv") }
    var output: String { directory.file("out.mp4") }

    /// Submits the film.
    func submit(
        as id: JobID? = nil, to output: String? = nil, verification: VerificationLevel = .counts,
        overwrite: Bool = false, change: (inout TranscodeParameters) -> Void = { _ in }
    ) async throws {
        var parameters = TranscodeParameters()
        // Segments of 300 frames, wherever key frames are.
        parameters.split = .fixed
        parameters.segmentDurationMilliseconds = 12_000
        change(&parameters)
        let prepared = try await preparation.prepare(source: film, parameters: parameters)
        try await coordinator.submit(
            JobRequest(
                source: film, output: output ?? self.output, parameters: parameters,
                verification: verification, overwrite: overwrite),
            as: id ?? job, prepared: prepared)
    }

    /// A worker that has joined.
    func hand(
        _ id: String = "w1", slots: Int = 2,
        policy: @escaping Hand.Policy = { hand, task in .completed(try await hand.made(task)) }
    ) async throws -> Hand {
        let hand = Hand(coordinator, id: id, slots: slots, policy: policy)
        try await hand.join()
        return hand
    }

    /// How the job ended.
    func outcome(of id: JobID? = nil) async throws -> FinishedJob {
        let job = id ?? self.job
        return try await waiting(for: "the end of \(job)") { [coordinator] in try await coordinator.outcome(of: job) }
    }

    /// Why the job failed; `nil` when it did not.
    func error(of id: JobID? = nil) async throws -> (any Error)? {
        do {
            _ = try await outcome(of: id)
            return nil
        } catch let error as WaitedInVain {
            throw error
        } catch {
            return error
        }
    }

    /// Stops, and answers everything that happened.
    func stopped() async throws -> [Event] {
        try await waiting(for: "the coordinator to stop") { [coordinator] in await coordinator.stop() }
        return try await waiting(for: "the end of the events") { [events] in
            var all: [Event] = []
            for await event in events { all.append(event) }
            return all
        }
    }

    /// The job's state in the store.
    func keptState(of id: JobID? = nil) async throws -> JobState? { try await memory.job(id ?? job)?.state }

    /// The names in the job's directory.
    func workNames() throws -> [String] { try LocalFiles().list(directory.file("work/\(job)")).sorted() }

    /// The names beside the output, without the work.
    func outputNames() throws -> [String] { try directory.names().filter { $0 != "work" } }

    /// What is in the output.
    func outputText() throws -> String { String(decoding: try directory.bytes("out.mp4"), as: UTF8.self) }
}

extension SchedulingConfiguration {
    /// Failed tasks are tried again at once.
    static var prompt: SchedulingConfiguration {
        var configuration = SchedulingConfiguration()
        configuration.retry.delay = .zero
        return configuration
    }
}

extension SourceDescription {
    /// A film at some path; the file itself is never opened.
    static func film(at path: String) -> SourceDescription {
        SourceDescription(
            path: path, fingerprint: Fingerprint(size: ByteCount(1), modifiedNanoseconds: 0, digest: "0"),
            formatName: "matroska,webm",
            streams: [
                StreamDescription(
                    index: 0, kind: .video, codec: "h264", timeBase: TimeBase(1, 1000), disposition: .default,
                    video: VideoProperties(width: 1280, height: 720, pixelFormat: "yuv420p"))
            ])
    }
}

extension FrameIndex {
    /// The film's frames, 40 ms each; decoding shows that there is one less.
    static func film(_ method: Method) -> FrameIndex {
        let times = (0..<(method == .packets ? 900 : 899)).map { Int64($0) * 40 }
        let keyframes = stride(from: 0, to: times.count, by: 50).map {
            Keyframe(time: times[$0], frame: $0, isRandomAccessPoint: true)
        }
        return FrameIndex(
            streamIndex: 0, timeBase: TimeBase(1, 1000), presentationTimes: times, lastFrameDuration: 40,
            keyframes: keyframes, method: method)
    }
}

extension Event {
    var isFailure: Bool { if case .jobFailed = self { true } else { false } }
    var isWarning: Bool { if case .warning = self { true } else { false } }
    /// The job's new state.
    var newState: JobState? { if case .jobStateChanged(_, let state) = self { state } else { nil } }
}
