// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import Synchronization

/// Tells about everything that happens on a cluster, a line each.
final class EventTeller: Sendable {
    private let context: Context
    private let throttles = Mutex<[JobID: Throttle]>([:])

    /// Makes it.
    init(context: Context) { self.context = context }

    /// Tells one thing.
    func tell(_ notice: EventFollower.Notice) {
        switch notice {
        case .connected(let address):
            context.print(.object([("event", .text("connected")), ("coordinator", .text(address))]))
        case .disconnected:
            context.console.complain("martlet: warning: The coordinator does not answer; it is tried again.\n")
        case .happened(let event):
            if case .taskProgress = event, !context.settings.isVerbose { return }
            guard isDue(event) else { return }
            context.print(EventText.json(event))
            if let line = EventText.line(event, isVerbose: context.settings.isVerbose) {
                context.print(Figures.harmless(line) + "\n")
            }
        }
    }

    /// Progress is told now and then, everything else always.
    private func isDue(_ event: Event) -> Bool {
        guard let job = event.job else { return true }
        let now = context.elapsed()
        let isJSON = context.settings.isJSON
        return throttles.withLock { throttles in
            switch event {
            case .progress(_, _, let share, _, _) where !isJSON:
                return throttles[job, default: Throttle()].passes(now, share: share)
            case .progress:
                return throttles[job, default: Throttle()].passes(now, every: .milliseconds(500))
            default:
                if event.finalState != nil { throttles[job] = nil }
                return true
            }
        }
    }
}
