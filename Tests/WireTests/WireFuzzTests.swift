// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPorts
import MartletTestKit
import MartletWire
import Testing

/// Whatever comes over the network is read or refused; what is read can be written, and is the same when it is read again.
@Suite struct WireFuzzTests {
    private static let lease = LeaseToken(
        job: JobID("3f9c0d"), task: TaskID("video-00001"), epoch: Epoch(3), worker: WorkerID("attic"))

    private static let workerSamples: [WorkerMessage] = [
        .heartbeat(holding: [lease], load: nil), .leaving,
        .progress(lease, RunProgress(frames: 12, framesPerSecond: 24.5)),
        .finished(lease, .interrupted),
        .finished(
            lease,
            .failed(AttemptFailure(code: "ffmpeg.killed", message: "It was killed.", log: "x\ny", isRetryable: true))),
    ]

    private static let coordinatorSamples: [CoordinatorMessage] = [
        .welcome(chunkSize: 1 << 20, heartbeatMilliseconds: 5000), .refused(code: "a.b", message: "No."),
        .stop(lease), .lost([lease, lease]), .taken(lease, true),
    ]

    private static let texts = [
        #"{"worker_id": "attic", "ip_address": "10.0.0.1", "port": 8080, "hw_accel": ["nvenc"], "status": "idle", "cpu_usage": 5}"#,
        #"{"job_id": "1", "source_path": "movies/a.mkv", "resolution": "1080p", "bitrate": "10M", "start_time": 0.5, "is_mesh_mode": false}"#,
        #"{"job_id": "1", "state": "processing", "progress": 12.5, "fps": 48, "stream_url": "http://10.0.0.1:8080/a.m3u8"}"#,
        #"{"source": "movies:a.mkv", "output": "movies:b.mp4", "params": {"codec": "hevc", "options": {"crf": "22"}}, "priority": "low", "segment_duration_s": 6.5, "verify": "full", "overwrite": true}"#,
        #"{"priority": "high"}"#,
    ]

    /// What is likely to be forgotten.
    private static let words = [
        "null", "-1", "0", "1e400", "-0.0", "9223372036854775808", "18446744073709551616", "1e-400", "\"\"", "{}", "[]",
        "\"\\u0000\"", "\"\\ud800\"", "true", "\u{feff}", "[[[[[[[[", "\"..\"", "\"/\"",
    ].map { Array($0.utf8) }

    private func isKept<Value: Codable & Equatable>(_ type: Value.Type, _ bytes: [UInt8]) {
        guard let value = try? JSONText.value(type, from: bytes) else { return }
        // Numbers without a value have no JSON.
        guard let written = try? JSONText.bytes(value) else { return }
        let again = try? JSONText.value(type, from: written)
        #expect(again == value, "\(type): \(String(decoding: bytes, as: UTF8.self))")
    }

    @Test func everyMessageIsReadOrRefused() throws {
        let samples =
            try Self.workerSamples.map { try JSONText.bytes($0) }
            + Self.coordinatorSamples.map { try JSONText.bytes($0) } + Self.texts.map { Array($0.utf8) }
        for seed in Trial.current.seeds(short: 1...400) {
            var random = SplitMix64(seed: seed)
            for sample in samples {
                let bytes = random.mutated(sample, words: Self.words)
                isKept(WorkerMessage.self, bytes)
                isKept(CoordinatorMessage.self, bytes)
                isKept(PlainHeartbeat.self, bytes)
                isKept(PlainAssignment.self, bytes)
                isKept(PlainStatus.self, bytes)
                isKept(JobSubmission.self, bytes)
                isKept(JobChange.self, bytes)
                _ = try? JSONText.value(JSONValue.self, from: bytes)
            }
        }
    }

    @Test func fieldsOfTransfersAreReadOrRefused() {
        let digest = DataPlane.digestField(String(repeating: "0f", count: 32)) ?? ""
        let tag = DataPlane.entityTag(of: Fingerprint(size: ByteCount(123), modifiedNanoseconds: 0, digest: "0f"))
        for seed in Trial.current.seeds(short: 1...2000) {
            var random = SplitMix64(seed: seed)
            let field = String(decoding: random.mutated(Array(digest.utf8)), as: UTF8.self)
            if let read = DataPlane.digest(inField: field) {
                #expect(DataPlane.digestField(read).flatMap { DataPlane.digest(inField: $0) } == read, "\(field)")
            }
            let changed = String(decoding: random.mutated(Array(tag.utf8)), as: UTF8.self)
            if let content = DataPlane.content(ofTag: changed) {
                #expect(DataPlane.content(ofTag: DataPlane.entityTag(of: content)) == content, "\(changed)")
            }
        }
    }
}
