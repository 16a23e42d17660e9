// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletHost
import MartletModel
import MartletWire

/// `martlet transcode INPUT OUTPUT --coordinator URL`.
struct RemoteTranscode {
    /// What it runs with.
    var context: Context
    private let files = LocalFiles()

    /// Prepares to run.
    init(context: Context) { self.context = context }

    /// Runs the command.
    func run() async -> Ending {
        let (input, output) = (context.argument(0) ?? "", context.argument(1) ?? "")
        var final = FinalLine(output: output)
        do {
            let order = RemoteOrder(
                settings: context.settings, input: RemoteOrder.Place(input), output: RemoteOrder.Place(output))
            try check(order)
            let client = try context.client()
            let before = mark(order)
            let given = try await give(order, to: client)
            final.job = given.job.id
            context.print(ClusterText.submitted(given.job))
            let job = try await RemoteJob(context: context, client: client).watch(given.job.id, final: &final)
            if case .here(let path) = order.output, given.isFetched || mark(order) == before {
                try await fetch(job, to: path, overwrite: context.settings.overwrite, from: client)
            }
            final.seconds = context.elapsed().inSeconds
            context.print(
                ClusterText.summary(of: job, seconds: final.seconds, source: input, output: output))
            return Ending(finalLine: final)
        } catch {
            return context.ending(error, final: final, canBeTakenUp: true)
        }
    }

    /// Refuses what cannot be done, before anything is sent.
    private func check(_ order: RemoteOrder) throws {
        if let name = Options.ofThisMachine.first(where: { context.settings.given.contains($0) }) {
            throw CommandLineError(
                .contradiction, "`--\(name)` is about this machine, and `--coordinator` leaves the work to others.",
                advice: "Leave one of them out.")
        }
        _ = try order.submission()
        if case .here(let input) = order.input { try PathCheck.input(input) }
        guard case .here(let output) = order.output else { return }
        try PathCheck.output(output, input: order.input.text, overwrite: context.settings.overwrite)
    }

    private func give(_ order: RemoteOrder, to client: ClusterClient) async throws -> RemoteSubmission.Given {
        let submission = RemoteSubmission(
            order: order, client: client, files: files, time: context.network.time,
            say: { [context] in context.print(Figures.harmless($0) + "\n") },
            upload: { [context, files] upload in
                let size = try files.size(of: upload.path).bytes
                let reporter = context.transfer(.sending, FilePath(upload.path).name, total: size)
                defer { reporter.finish() }
                var upload = upload
                upload.arrived = { reporter.arrived($0) }
                return try await upload.send()
            })
        return try await context.interruption.guarding { try await submission.give() }
    }

    /// Puts the output of a completed job in place here.
    private func fetch(_ job: JobView, to path: String, overwrite: Bool, from client: ClusterClient) async throws {
        guard let size = job.outputBytes else {
            throw ClusterError(.badAnswer, "The coordinator does not say how large the output of \(job.id) is.")
        }
        let place = FilePath(path)
        let temporary = place.directory + "/" + Self.temporaryName(place.name, job.id)
        let reporter = context.transfer(.fetching, place.name, total: size)
        let download = OutputDownload(
            client: client, files: files, time: context.network.time, job: job.id, size: size,
            arrived: { reporter.arrived($0) })
        defer { reporter.finish() }
        try await context.interruption.guarding { [files] in
            try await download.fetch(to: temporary)
            // Somebody else may have been faster.
            if !overwrite, files.exists(path) { throw CommandLineError.outputExists(path) }
            try await files.publish(temporary, as: path)
        }
    }

    private static func temporaryName(_ name: String, _ job: JobID) -> String {
        let hidden = ".\(name).\(job).part"
        return hidden.utf8.count <= 255 ? hidden : ".\(job).part"
    }

    /// What is at the output's path here; changes when a coordinator on this machine puts its result there.
    private func mark(_ order: RemoteOrder) -> FileMark? {
        if case .here(let path) = order.output { FileMark(of: path) } else { nil }
    }
}
