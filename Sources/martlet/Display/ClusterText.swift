// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletWire

/// What is said about a job that was submitted from here.
enum ClusterText {
    /// The object that says that a job is submitted.
    static func submitted(_ job: JobView) -> JSON {
        .object([
            ("event", .text("jobSubmitted")), ("job_id", .text(job.id.text)), ("state", .text(job.state.rawValue)),
            ("source", .text(job.source)), ("output", .text(job.output)),
        ])
    }

    /// The lines for people when a job is completed.
    ///
    /// - Parameters:
    ///   - seconds: how long it took.
    ///   - source: what the user calls the source; `nil` for what the coordinator does.
    ///   - output: likewise.
    static func summary(
        of job: JobView, seconds: Double, source: String? = nil, output: String? = nil
    ) -> String {
        var rows: [(String, String)] = []
        if let bytes = job.outputBytes { rows.append(("size", Figures.bytes(ByteCount(bytes)))) }
        if let frames = job.frames, frames > 0 {
            var text = "\(frames) in \(Figures.count(job.segments ?? 0, "segment"))"
            if job.reusedSegments > 0 { text += ", \(job.reusedSegments) of them from an earlier run" }
            rows.append(("frames", text))
        }
        var time = Figures.clock(seconds)
        if let frames = job.frames, frames > 0, seconds > 0 {
            time += " (\(Figures.decimal(Double(frames) / seconds, 1)) fps)"
        }
        rows.append(("time", time))
        return Figures.harmless("\(source ?? job.source) -> \(output ?? job.output)") + "\n" + Summary.table(rows)
    }
}
