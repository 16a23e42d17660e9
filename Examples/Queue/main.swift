// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

// Transcodes all films of a directory into another one: Queue DIRECTORY INPUTS OUTPUTS
//
// DIRECTORY keeps the state. Ended at any time and started again with the same
// words, it goes on where it was: finished films and finished pieces count.

import Foundation
import Martlet

let arguments = CommandLine.arguments
var configuration = Coordinator.Configuration()
configuration.directory = arguments[1]
configuration.maximumConcurrentJobs = 2

let coordinator = Coordinator(configuration: configuration)
try await coordinator.start()
let known = Set(try await coordinator.jobs().map(\.name))
for film in try FileManager.default.contentsOfDirectory(atPath: arguments[2]).sorted() where !known.contains(film) {
    do {
        _ = try await coordinator.submit(
            name: film, source: arguments[2] + "/" + film, output: arguments[3] + "/" + film + ".mkv")
    } catch {
        print("\(film): \(error)")
    }
}
for job in try await coordinator.jobs().reversed() {
    let end = try await coordinator.finished(job.id)
    print("\(end.name): \(end.problem?.message ?? end.state.rawValue)")
}
await coordinator.stop()
