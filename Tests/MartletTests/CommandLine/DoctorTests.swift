// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletTestKit
import Testing

@Suite struct DoctorTests {
    @Test func aDirectoryThatIsNotThereIsSaidToBeMissing() async throws {
        let place = try TemporaryDirectory()
        let missing = place.file("missing/deep")
        let run = try await MartletProgram.run(["doctor", "--work-directory", missing])
        #expect(run.exitCode == 1, "\(run.transcript)")
        #expect(run.outcome.output.contains("The directory \(missing) does not exist."), "\(run.transcript)")
        let file = place.file("file")
        try Data().write(to: URL(filePath: file))
        let other = try await MartletProgram.run(["doctor", "--work-directory", file])
        #expect(other.exitCode == 1)
        #expect(other.outcome.output.contains("\(file) is not a directory."), "\(other.transcript)")
    }

    @Test func aMissingFFmpegIsARowOfTheTable() async throws {
        let empty = try TemporaryDirectory()
        for environment in [["PATH": empty.path], ["MARTLET_FFMPEG": empty.file("ffmpeg")]] {
            let run = try await MartletProgram.run(["doctor"], environment: environment)
            #expect(run.exitCode == 1, "\(run.transcript)")
            let lines = run.outcome.output.split(separator: "\n")
            #expect(lines.first?.hasPrefix("ffmpeg     FAIL  There is no ") == true)
            #expect(lines.dropFirst().first?.contains("Install FFmpeg") == true)
            for name in ["library", "disk", "memory", "processors", "system"] {
                #expect(lines.contains { $0.hasPrefix(name) }, "no row \(name)")
            }
            #expect(lines.last == "This machine cannot transcode yet.")
            let json = try await MartletProgram.run(["doctor", "--json"], environment: environment)
            #expect(json.exitCode == 1)
            #expect(json.events.first?.members["problem"]?.hasPrefix("There is no ") == true)
        }
    }
}
