// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPorts

/// What is said when a film is done.
enum Summary {
    /// The lines for people.
    static func text(of outcome: TranscodeOutcome, input: String) -> String {
        var rows: [(String, String)] = []
        let (before, after) = (outcome.sourceSize, outcome.outputSize)
        let share =
            before.bytes > 0 ? " (\(Figures.decimal(Double(after.bytes) * 100 / Double(before.bytes), 0)) %)" : ""
        rows.append(("size", "\(Figures.bytes(before)) -> \(Figures.bytes(after))\(share)"))
        if outcome.frames > 0 {
            var text = "\(outcome.frames) in \(Figures.count(outcome.segments, "segment"))"
            if outcome.reusedSegments > 0 { text += ", \(outcome.reusedSegments) of them from an earlier run" }
            rows.append(("frames", text))
        }
        var time = Figures.clock(outcome.seconds)
        if outcome.frames > 0, outcome.seconds > 0 {
            time += " (\(Figures.decimal(Double(outcome.frames) / outcome.seconds, 1)) fps)"
        }
        rows.append(("time", time))
        rows += proof(outcome.verification, outcome.quality)
        rows += outcome.omissions.map { ("left out", line(of: $0)) }
        return "\(input) -> \(outcome.output)\n" + table(rows)
    }

    /// The rows of a check.
    static func proof(_ report: VerificationReport?, _ quality: QualityReport?) -> [(String, String)] {
        var rows: [(String, String)] = []
        for check in report?.checks ?? [] {
            rows.append(("proof", "\(check.passed ? "ok  " : "FAIL")  \(check.name): \(check.detail)"))
        }
        if let quality {
            var parts = ["\(Figures.count(quality.decodedFrames, "frame")) decoded"]
            if quality.isLossless { parts.append("every sample equal") }
            if let ssim = quality.ssim { parts.append("SSIM \(Figures.decimal(ssim, 4))") }
            if let psnr = quality.psnr { parts.append("PSNR \(Figures.decimal(psnr, 2)) dB") }
            if let vmaf = quality.vmaf { parts.append("VMAF \(Figures.decimal(vmaf, 2))") }
            rows.append(("likeness", parts.joined(separator: ", ")))
        }
        return rows
    }

    /// An omission in one line.
    static func line(of omission: Omission) -> String {
        "\(omission.subject): \(omission.reason)." + (omission.advice.map { " \($0)" } ?? "")
    }

    /// Rows under each other; a heading stands once.
    static func table(_ rows: [(String, String)]) -> String {
        var text = ""
        var last = ""
        for (heading, body) in rows {
            text += "  " + (heading == last ? "" : heading).padded(to: 10) + body + "\n"
            last = heading
        }
        return text
    }

    /// The objects that come before the last line of `--json`.
    static func json(of outcome: TranscodeOutcome) -> [JSON] {
        var lines = outcome.omissions.map { omission in
            JSON.object([
                ("event", .text("omission")), ("job_id", .text(outcome.job.text)),
                ("stream_index", .integer(omission.sourceIndex)), ("subject", .text(omission.subject)),
                ("reason", .text(omission.reason)), ("advice", .text(orNull: omission.advice)),
            ])
        }
        if let report = outcome.verification {
            lines.append(json(of: report, outcome.quality))
        }
        lines.append(
            .object([
                ("event", .text("sizes")), ("job_id", .text(outcome.job.text)),
                ("source_bytes", .integer(outcome.sourceSize.bytes)),
                ("output_bytes", .integer(outcome.outputSize.bytes)),
            ]))
        return lines
    }

    /// The object of a check.
    static func json(of report: VerificationReport, _ quality: QualityReport?) -> JSON {
        let checks = report.checks.map { check in
            JSON.object([("name", .text(check.name)), ("passed", .bool(check.passed)), ("detail", .text(check.detail))])
        }
        var members: [(key: String, value: JSON)] = [
            ("event", .text("verification")), ("passed", .bool(report.passed)), ("frames", .integer(report.frames)),
            ("checks", .list(checks)),
        ]
        if let quality {
            members += [
                ("decoded_frames", .integer(quality.decodedFrames)), ("lossless", .bool(quality.isLossless)),
                ("ssim", .number(orNull: quality.ssim, places: 6)),
                ("psnr_db", .number(orNull: quality.psnr, places: 4)),
                ("vmaf", .number(orNull: quality.vmaf, places: 4)),
            ]
        }
        return .object(members)
    }
}
