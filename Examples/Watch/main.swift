// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

// Transcodes one film and prints everything that happens: Watch INPUT OUTPUT

import Martlet

let arguments = CommandLine.arguments
let coordinator = Coordinator(configuration: .init())
try await coordinator.start()
let events = coordinator.events()
let job = try await coordinator.submit(
    name: "my-video", source: arguments[1], output: arguments[2], parameters: TranscodeParameters())

watching: for await event in events {
    switch event {
    case .jobStateChanged(_, let state): print("state: \(state)")
    case .progress(_, let share): print("progress: \(Int(share * 100)) %")
    case .taskCompleted(_, let task, let frames) where frames > 0: print("\(task): \(frames) frames")
    case .jobCompleted(job.id): break watching
    case .jobFailed(job.id, let error):
        print(error)
        break watching
    default: break
    }
}
await coordinator.stop()
