// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPorts
import MartletWire

/// `martlet watch [ID]`.
struct WatchCommand {
    /// What it runs with.
    var context: Context

    /// Runs the command.
    func run() async -> Ending {
        var final = FinalLine()
        do {
            let client = try context.client()
            guard let name = context.argument(0) else { return try await watchAll(client) }
            let job = try await NameSearch(client: client).job(name)
            final.output = job.output
            let ended = try await RemoteJob(context: context, client: client).watch(job.id, final: &final)
            final.seconds = ended.finishedMs.map { Double($0 - ended.createdMs) / 1000 } ?? 0
            context.print(ClusterText.summary(of: ended, seconds: final.seconds))
            return Ending(finalLine: final)
        } catch {
            return context.ending(error, final: final)
        }
    }

    /// Tells about everything until it is interrupted.
    private func watchAll(_ client: ClusterClient) async throws -> Ending {
        let teller = EventTeller(context: context)
        let follower = EventFollower(client: client, time: context.network.time)
        try await context.interruption.guarding {
            try await follower.follow { notice in
                teller.tell(notice)
                return true
            }
        }
        return .success
    }
}
