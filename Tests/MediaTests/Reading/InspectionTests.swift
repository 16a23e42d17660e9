// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletMedia
internal import MartletModel
internal import MartletPorts
internal import MartletTestKit
internal import Testing

@Suite("Inspection of one-stream files")
struct InspectionTests {
    private let reader = MediaReader(files: PlainFiles(), cacheDirectory: nil)
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func make(_ name: String, _ arguments: String) async throws -> String {
        let path = scratch.path + "/" + name
        let outcome = try await ChildProcess.run(
            "ffmpeg", ["-nostdin", "-v", "error"] + arguments.split(separator: " ").map(String.init) + [path])
        try #require(outcome.isSuccess, "\(outcome.errors)")
        return path
    }

    @Test("A segment's frames are listed in order of time, with its bytes and length")
    func segment() async throws {
        let path = try await make("s.mkv", "-f lavfi -i testsrc2=s=64x64:r=25:d=2 -c:v libx264 -bf 3 -threads 1")
        let found = try await reader.inspect(path: path)
        #expect(found.kind == .video && found.codec == "h264")
        #expect(found.times == (0..<50).map { $0 * 40 })
        #expect(found.timeBase == TimeBase(1, 1000))
        #expect(found.durationMicroseconds == 2_000_000)
        #expect(found.payload.bytes > 1000)
    }

    @Test("Sound is listed in any container", arguments: ["a.mka", "a.m4a", "a.flac", "a.opus"])
    func sound(_ name: String) async throws {
        let found = try await reader.inspect(path: try await make(name, "-f lavfi -i sine=d=2:r=48000 -threads 1"))
        #expect(found.kind == .audio)
        #expect(abs(found.durationMicroseconds - 2_000_000) < 60_000, "\(found.durationMicroseconds)")
    }

    @Test("A file without a byte or without a stream is no error")
    func nothing() async throws {
        let found = try await reader.inspect(path: try scratch.file("empty.mkv", []))
        #expect(found.kind == nil && found.times.isEmpty)
    }

    @Test("A damaged file is an error that may be retried")
    func damaged() async throws {
        let path = try scratch.file("broken.mkv", Array(repeating: 7, count: 5000))
        let error = await #expect(throws: MediaError.self) { try await reader.inspect(path: path) }
        #expect(error?.isRetryable == true)
    }
}
