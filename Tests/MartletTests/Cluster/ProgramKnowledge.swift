// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletTestKit

/// What Martlet finds out about ffmpeg at its first start on a machine: found out once for all tests, because it
/// costs a second of work for each of many workers.
enum ProgramKnowledge {
    private static let found = Task {
        let directory = try TemporaryDirectory()
        _ = try await MartletProgram.run(["doctor"], environment: ["XDG_CACHE_HOME": directory.path])
        return directory
    }

    /// Puts it into a directory for caches that has none yet.
    static func copy(to cache: String) async throws {
        let place = cache + "/martlet"
        guard !FileManager.default.fileExists(atPath: place) else { return }
        try FileManager.default.createDirectory(atPath: cache, withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: try await found.value.file("martlet"), toPath: place)
    }
}
