// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletTestKit
import Testing

/// The measurements run from end to end. What they measure is never tested.
@Suite struct BenchSmokeTests {
    @Test func quickFormFillsItsTable() async throws {
        let package = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..")
            .standardizedFileURL
        let outcome = try await ChildProcess.run(
            "python3",
            ["-B", package.appending(path: "Benchmarks/bench.py").path, "--quick", "--martlet", MartletProgram.path])
        #expect(outcome.isSuccess, "\(outcome.output)\n\(outcome.errors)")
        for subject in [
            "libx264 wall", "bit rate", "scan", "join", "own memory", "start to first encoder", "playlists",
            "first segment",
        ] {
            let row = outcome.output.split(separator: "\n").last { $0.contains(subject) }
            #expect(row?.contains("not measured") == false, "\(subject): \(row ?? "no row")\n\(outcome.output)")
        }
    }
}
