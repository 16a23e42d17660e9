// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletTestKit
import Testing

@Suite struct SoundTruthTests {
    @Test func samplesAreCountedWithoutPriming() async throws {
        let pcm = try await SoundTruth.of(try await MediaFixtures.path("sound_pcm24.mov"))
        #expect(pcm.sampleCount == 480_000)
        #expect(pcm.sampleRate == 48_000)
        let flac = try await SoundTruth.of(try await MediaFixtures.path("sound_flac.mkv"))
        #expect(flac.sampleCount == 480_000)
    }

    @Test func delayIsFound() async throws {
        let film = try await MediaFixtures.path("sound_flac.mkv")
        let directory = try TemporaryDirectory()
        let made = try await ChildProcess.run(
            "ffmpeg",
            [
                "-v", "error", "-i", film, "-af", "adelay=delays=20:all=1", "-vn", "-c:a", "flac",
                directory.file("late.flac"),
            ])
        #expect(made.isSuccess, "\(made.errors)")
        #expect(try await SoundTruth.delay(of: directory.file("late.flac"), against: film) == 20)
        #expect(try await SoundTruth.delay(of: film, against: film) == 0)
    }

    @Test func lateSoundStartsLate() async throws {
        let late = try await SoundTruth.of(try await MediaFixtures.path("late_sound.mkv"))
        let plain = try await SoundTruth.of(try await MediaFixtures.path("h264_closed.mp4"))
        #expect(abs(late.startSeconds - plain.startSeconds - 1.25) < 0.03)
    }
}
