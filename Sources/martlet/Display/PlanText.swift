// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel

/// A plan, as text and as JSON.
enum PlanText {
    /// The text for people.
    static func text(of planned: PlannedJob) -> String {
        let plan = planned.plan
        var lines = [heading(of: plan)]
        if !plan.segments.isEmpty {
            lines += ["", "Segments", "  index   frames      start        end  lead-in"]
            let clock = plan.videoTimeBase
            for segment in plan.segments {
                let start = Figures.timestamp(MediaTime(ticks: segment.startTime, timeBase: clock).seconds)
                let end =
                    segment.endTime.map { Figures.timestamp(MediaTime(ticks: $0, timeBase: clock).seconds) } ?? "end"
                let leadIn = String(segment.leadInFrames)
                lines.append(
                    "  " + "\(segment.index)".indented(to: 5) + "\(segment.frameCount)".indented(to: 9) + "  "
                        + start.indented(to: 9) + end.indented(to: 13) + leadIn.indented(to: 9))
            }
        }
        lines += ["", "Tracks of the result"]
        for (index, stream) in plan.layout.streams.enumerated() {
            lines.append("  \(index): " + line(of: stream, in: plan))
        }
        if !plan.layout.omissions.isEmpty {
            lines += ["", "Left out"] + plan.layout.omissions.map { "  " + Summary.line(of: $0) }
        }
        if !plan.warnings.isEmpty { lines += ["", "Warnings"] + plan.warnings.map { "  " + $0 } }
        if let command = firstCommand(of: planned) {
            lines += [""]
            if let copy = planned.copy {
                lines += ["Before any command", "  a copy of the source with one clock is made: " + copy, ""]
            }
            lines += ["First command", "  ffmpeg " + ShellWords.joined(command)]
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The object for programs.
    static func json(of planned: PlannedJob) -> JSON {
        let plan = planned.plan
        let clock = plan.videoTimeBase
        let segments = plan.segments.map { segment in
            JSON.object([
                ("index", .integer(segment.index)), ("first_frame", .integer(segment.firstFrame)),
                ("frames", .integer(segment.frameCount)),
                ("start_s", .number(MediaTime(ticks: segment.startTime, timeBase: clock).seconds, places: 6)),
                (
                    "end_s",
                    .number(orNull: segment.endTime.map { MediaTime(ticks: $0, timeBase: clock).seconds }, places: 6)
                ),
                ("start_ticks", .integer(segment.startTime)), ("end_ticks", .integer(orNull: segment.endTime)),
                ("lead_in_frames", .integer(segment.leadInFrames)),
            ])
        }
        let tracks = plan.layout.streams.map { stream in
            JSON.object([
                ("source_index", .integer(stream.sourceIndex)), ("kind", .text(stream.kind.rawValue)),
                ("codec", .text(stream.codec)), ("made_by", .text(origin(of: stream))),
                ("language", .text(orNull: stream.tags.first { $0.key.lowercased() == "language" }?.value)),
            ])
        }
        let omissions = plan.layout.omissions.map { omission in
            JSON.object([
                ("source_index", .integer(omission.sourceIndex)), ("subject", .text(omission.subject)),
                ("reason", .text(omission.reason)), ("advice", .text(orNull: omission.advice)),
            ])
        }
        let command = firstCommand(of: planned).map { JSON.list($0.map { .text($0) }) } ?? .null
        return .object([
            ("job_id", .text(planned.id.text)), ("source", .text(plan.source.path)),
            ("container", .text(plan.layout.container.rawValue)), ("encoder", .text(orNull: plan.encoder)),
            ("frames", .integer(frames(of: plan))), ("time_base", .text(clock.description)),
            ("constant_frame_rate", .text(orNull: plan.constantRate?.description)),
            ("target_quality", .text(orNull: plan.parameters.targetQuality?.description)),
            ("segments", .list(segments)),
            ("tracks", .list(tracks)), ("omissions", .list(omissions)),
            ("warnings", .list(plan.warnings.map { .text($0) })), ("restamped_copy", .text(orNull: planned.copy)),
            ("first_command", command),
        ])
    }

    /// The object that says that a plan is made, at the head of what `transcode --json` prints.
    static func announcement(of planned: PlannedJob) -> JSON {
        .object([
            ("event", .text("planned")), ("job_id", .text(planned.id.text)),
            ("encoder", .text(orNull: planned.plan.encoder)),
            ("container", .text(planned.plan.layout.container.rawValue)),
            ("frames", .integer(frames(of: planned.plan))), ("segments", .integer(planned.plan.segments.count)),
            ("tasks", .integer(planned.tasks.count)),
            (
                "duration_s",
                .number(orNull: planned.plan.source.durationMicroseconds.map { Double($0) / 1e6 }, places: 3)
            ),
        ])
    }

    /// The first segment's command, else the first one there is; the result's path stands as `OUTPUT`.
    static func firstCommand(of planned: PlannedJob) -> [String]? {
        let encode = planned.tasks.first { task in
            if case .encode = task.kind { true } else { false }
        }
        return (encode ?? planned.tasks.first)?.command.resolved(
            source: planned.copy ?? planned.plan.source.path, output: "OUTPUT", artifact: { $0.text })
    }

    private static func frames(of plan: JobPlan) -> Int { plan.segments.reduce(0) { $0 + $1.frameCount } }

    private static func heading(of plan: JobPlan) -> String {
        var text = "\(plan.source.path) -> \(plan.layout.container.rawValue)"
        if let encoder = plan.encoder {
            text += ", \(Figures.count(frames(of: plan), "frame")) by \(encoder)"
            if let target = plan.parameters.targetQuality { text += " to \(target)" }
            text += " in \(Figures.count(plan.segments.count, "segment"))"
        }
        if let rate = plan.constantRate { text += ", \(Figures.short(rate.value)) frames a second" }
        return text
    }

    private static func line(of stream: OutputStream, in plan: JobPlan) -> String {
        var text = "\(stream.kind.rawValue) \(stream.codec)"
        if let language = stream.tags.first(where: { $0.key.lowercased() == "language" })?.value {
            text += " (\(language))"
        }
        let before = plan.source.streams.first { $0.index == stream.sourceIndex }?.codec ?? "?"
        return text + ", from stream \(stream.sourceIndex) (\(before)), " + origin(of: stream)
    }

    private static func origin(of stream: OutputStream) -> String {
        switch stream.origin {
        case .segments: "encoded in segments"
        case .task: "converted once"
        case .source: "as it is"
        case .attachment: "attached"
        }
    }
}
