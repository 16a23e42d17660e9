// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletHost
import MartletModel
import MartletPlanning
import MartletPorts
import MartletTestKit
import Synchronization
import Testing

@testable import MartletWorker

/// What a worker finds out about its machine before it joins.
@Suite struct JoiningTests {
    private let build = EncoderBuild(
        version: "5.1", codecMajorVersion: 59, digest: "b1",
        encoders: ["libx264", "libx265", "h264_nvenc", "h264_vaapi", "aac", "libopus", "subrip", "mp2"], filters: [])

    @Test("A worker has a slot for each processor that its memory holds an encode for, or as many as are asked for")
    func room() {
        let large = WorkerRoom(processors: 4, memory: .mebibytes(65_536))
        #expect(large == WorkerRoom(requested: 4, processors: 1, memory: .mebibytes(65_536)))
        let tight = WorkerRoom(processors: 64, memory: .mebibytes(2048))
        #expect((1..<16).contains(tight.slots))
        #expect(tight.memory == .mebibytes(1536))
        #expect(WorkerRoom(requested: 9, processors: 1, memory: .mebibytes(256)).slots == 9)
    }

    /// Everything works but what is named.
    private struct Catalog: EncoderCatalog {
        let tried = Journal<String>()
        var broken: Set<String> = []
        func build() async throws -> EncoderBuild { throw NotScripted() }
        func failure(of encoder: String) async -> String? {
            tried.note(encoder)
            return broken.contains(encoder) ? "no device" : nil
        }
    }

    @Test(
        "Only encoders that pass a test encode are announced, and only the hardware that may be used is tried",
        arguments: [
            (HardwareChoice.auto, ["aac", "h264_nvenc", "libopus", "libx264", "subrip"]),
            (.none, ["aac", "libopus", "libx264", "subrip"]), (.vaapi, ["aac", "libopus", "libx264", "subrip"]),
            (.nvenc, ["aac", "h264_nvenc", "libopus", "libx264", "subrip"]),
        ])
    func encoders(hardware: HardwareChoice, expected: [String]) async {
        let catalog = Catalog(broken: ["h264_vaapi", "libx265"])
        let found = await Abilities(catalog: catalog, hardware: hardware).encoders(of: build)
        #expect(found.sorted() == expected)
        #expect(catalog.tried.entries.contains("h264_vaapi") == (hardware == .auto || hardware == .vaapi))
        #expect(!catalog.tried.entries.contains("mp2"))
        let kinds = await Abilities(catalog: catalog, hardware: hardware).hardwareKinds(of: build)
        #expect(kinds == (expected.contains("h264_nvenc") ? ["nvenc"] : []))
    }

    /// Reports frames at a steady pace until it is cancelled.
    private struct PacedEncoder: EncoderRunner {
        let framesPerSecond: Int
        let clock: ManualClock
        let started = Journal<EncoderRun>()

        func run(
            _ run: EncoderRun, progress: @escaping @Sendable (RunProgress) -> Void
        ) async throws -> RunReport {
            started.note(run)
            for second in 1... {
                try await clock.sleep(until: Moment(nanoseconds: Int64(second) * 1_000_000_000))
                progress(RunProgress(frames: second * framesPerSecond))
            }
            throw NotScripted()
        }
    }

    @Test("The speed is in the unit of planned effort, is that of one slot, and is measured once for a build")
    func speed() async throws {
        let clock = ManualClock()
        let directory = try TemporaryDirectory()
        let encoder = PacedEncoder(framesPerSecond: 40, clock: clock)
        func measured(_ digest: String) async throws -> Double? {
            var build = build
            build.digest = digest
            return try await SpeedMeasurement(
                encoder: encoder, files: LocalFiles(), time: clock, slots: 2, duration: .seconds(10), niceness: 0
            ).remembered(build: build, processors: 2, in: directory.file("cache"))
        }
        let first = Task { try await measured("b1") }
        for _ in 0..<10 {
            try await waiting(for: "the encoders") { await clock.waitForSleepers(4) }
            clock.advance(by: .seconds(1))
        }
        let speed = try #require(try await first.value)
        let cost = try #require(EncoderProfile.named("libx264")).cost(frames: 40, pixels: 640 * 360, preset: "medium")
        #expect(abs(speed - cost) < 1e-9)
        #expect(encoder.started.entries.count == 2)
        #expect(try await measured("b1") == speed)
        #expect(encoder.started.entries.count == 2)
    }
}
