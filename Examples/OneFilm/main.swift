// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

// Transcodes one film and says how it ended: OneFilm INPUT OUTPUT

import Foundation
import Martlet

let arguments = CommandLine.arguments.dropFirst()
guard arguments.count == 2, let input = arguments.first, let output = arguments.last else {
    print("usage: OneFilm INPUT OUTPUT")
    exit(2)
}

let coordinator = Coordinator()
do {
    try await coordinator.start()
    var parameters = TranscodeParameters()
    parameters.codec = .hevc
    parameters.preset = "ultrafast"
    let job = try await coordinator.submit(name: "", source: input, output: output, parameters: parameters)
    let end = try await coordinator.finished(job.id)
    await coordinator.stop()
    guard end.state == .completed else {
        print(end.problem?.description ?? "\(end.state)")
        exit(1)
    }
    print("\(end.frames ?? 0) frames in \(end.outputSize ?? 0) bytes: \(output)")
} catch {
    await coordinator.stop()
    print(error)
    exit(1)
}
