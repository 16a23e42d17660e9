// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation

/// Films that were not made here, where the machine has some.
package enum Corpus {
    /// The directory that `MARTLET_MEDIA` names, else `../shared/media`; it need not be there.
    package static let directory: String = {
        if let path = ProcessInfo.processInfo.environment["MARTLET_MEDIA"] { return path }
        return URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../../shared/media")
            .standardizedFileURL.path
    }()

    /// The names of everything in it that may be a film, sorted.
    package static let names: [String] = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return names.filter { !$0.hasPrefix(".") && !$0.hasSuffix(".tsv") }.sorted()
    }()

    /// Whether a film is left to the long forms: so many pixels, all frames together, take too long to compare.
    package static func isLarge(width: Double, height: Double, frames: Double) -> Bool {
        width * height * frames > 1_000_000_000
    }
}
