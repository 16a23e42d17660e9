// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletTestKit
import Synchronization
import Testing

/// The options that say where to cut, who works, and how gently.
@Suite struct SegmentOptionTests {
    static let film = "small_minute.mp4"

    @Test func longerSegmentsAreFewer() async throws {
        let usual = try await Transcode.succeed(Self.film, Transcode.quick)
        let long = try await Transcode.succeed(Self.film, Transcode.quick + ["--segment-duration", "30"])
        #expect(usual.run.last?.integer("segments") == 6)
        #expect(long.run.last?.integer("segments") == 2)
        #expect(try await long.difference(pictures: false) == nil)
    }

    @Test func fixedSplitCutsAtTheExactFrame() async throws {
        let result = try await Transcode.succeed(
            Self.film, Transcode.quick + ["--split", "fixed", "--segment-duration", "15"])
        let keys = try await PacketList.of(result.output).keySeconds
        // The picture begins with the delay of the sound's encoder.
        let start = try #require(keys.first)
        for edge in [15.0, 30, 45] {
            #expect(keys.contains { abs($0 - start - edge) < 0.02 }, "no key frame at \(edge) s")
        }
        #expect(result.run.last?.integer("segments") == 4)
        #expect(try await result.difference(pictures: false) == nil)
    }

    @Test func keyframeSplitCutsAtKeyFramesOfTheSource() async throws {
        let result = try await Transcode.succeed(
            "scene_cuts.mp4", Transcode.quick + ["--split", "keyframes", "--video-option", "sc_threshold=0"])
        let before = try await PacketList.of(result.source).keySeconds
        let keys = try await PacketList.of(result.output).keySeconds
        let after = keys.map { $0 - (keys.first ?? 0) + (before.first ?? 0) }
        let segments = try #require(result.run.last?.integer("segments"))
        #expect(segments > 1)
        #expect(after.filter { key in before.contains { abs($0 - key) < 0.002 } }.count >= segments)
    }

    @Test func sceneSplitCutsAtCuts() async throws {
        let result = try await Transcode.succeed(
            "scene_cuts.mp4", Transcode.quick + ["--split", "scenes", "--video-option", "sc_threshold=0"])
        let keys = try await PacketList.of(result.output).keySeconds
        #expect(keys.filter { key in (1..<10).contains { abs(Double($0) * 4 - key) < 0.05 } }.count >= 1)
        #expect(try await result.difference(pictures: false) == nil)
    }

    @Test func asManyTasksRunAtOnceAsThereAreWorkers() async throws {
        let alone = try await Transcode.succeed(Self.film, Transcode.quick + ["--workers", "1"])
        #expect(alone.mostTasksAtOnce == 1)
        let many = try await Transcode.succeed(Self.film, ["--preset", "medium", "--workers", "3"])
        #expect(many.mostTasksAtOnce == 3)
    }

    @Test func niceMakesTheEncodersGentle() async throws {
        let directory = try TemporaryDirectory()
        let niceness = Mutex<Set<Int>>([])
        let result = try await Transcode.attempt(
            "minute.mp4", ["--preset", "slow", "--nice", "7"], in: directory,
            stop: .init(0) { _, event in
                guard event.name == "taskProgress" || event.name == "progress" else { return false }
                for processID in RunningPrograms.mentioning(directory.path) {
                    guard let text = FileManager.default.contents(atPath: "/proc/\(processID)/stat"),
                        let fields = String(decoding: text, as: UTF8.self).split(separator: ")").last?.split(
                            separator: " "),
                        String(decoding: text, as: UTF8.self).contains("(ffmpeg)"), fields.count > 16,
                        let nice = Int(fields[16])
                    else { continue }
                    niceness.withLock { _ = $0.insert(nice) }
                }
                return false
            }, wrapper: ["nice", "-n", "2"])
        #expect(result.run.exitCode == 0, "\(result.run.transcript)")
        let seen = niceness.withLock { $0 }
        #expect(!seen.isEmpty)
        #expect(seen.allSatisfy { $0 >= ChildProcess.niceness + 9 }, "\(seen)")
    }

    @Test(arguments: ["low", "normal", "high", "critical"])
    func priorityDoesNotChangeTheResult(_ priority: String) async throws {
        let plain = try await Transcode.succeed("bt709.mp4", Transcode.quick)
        let other = try await Transcode.succeed("bt709.mp4", Transcode.quick + ["--priority", priority])
        #expect(try plain.bytes() == other.bytes())
    }

    @Test func unknownPriorityIsRefused() async throws {
        #expect(try await Transcode.attempt("bt709.mp4", ["--priority", "urgent"]).run.exitCode == 2)
    }
}

extension Transcode {
    /// How many tasks were in work at the same time, at most.
    var mostTasksAtOnce: Int {
        var running: Set<String> = []
        var most = 0
        for event in run.events {
            guard let task = event.members["task_id"] else { continue }
            if event.name == "taskStarted" { running.insert(task) }
            if ["taskCompleted", "taskFailed"].contains(event.name) { running.remove(task) }
            most = max(most, running.count)
        }
        return most
    }
}
