// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPorts

/// What `martlet doctor` found, as text and as JSON.
enum DoctorText {
    /// The text for people.
    ///
    /// - Parameter isVerbose: whether encoders that this ffmpeg lacks are listed one by one.
    static func text(of report: DoctorReport, isVerbose: Bool) -> String {
        var lines: [String] = []
        func row(_ name: String, _ text: String) { lines.append(name.padded(to: 11) + text) }
        if let failure = report.ffmpegFailure {
            row("ffmpeg", "FAIL  \(failure.message)")
            if let advice = failure.advice { row("", "      \(advice)") }
        } else {
            row("ffmpeg", "ok    \(report.ffmpegVersion ?? "?") at \(report.ffmpegPath ?? "?")")
        }
        for codec in VideoCodec.allCases {
            for encoder in report.encoders where encoder.codec == codec && encoder.isCompiledIn {
                row(codec.rawValue, encoder.failure.map { "no    \(encoder.name): \($0)" } ?? "ok    \(encoder.name)")
            }
        }
        let missing = report.encoders.filter { !$0.isCompiledIn }
        if isVerbose {
            for encoder in missing { row(encoder.codec.rawValue, "no    \(encoder.name): not in this ffmpeg") }
        } else if !missing.isEmpty {
            row("", "\(Figures.count(missing.count, "more encoder")) not in this ffmpeg (-v lists them)")
        }
        for library in report.libraries { row("library", "\(library.name) \(library.version)") }
        if let space = report.freeSpace {
            row("disk", "\(Figures.bytes(space)) free in \(report.directory)")
        } else {
            row("disk", "FAIL  \(report.directoryFailure?.message ?? "unknown")")
        }
        row("memory", Figures.bytes(report.machine.memory))
        row("processors", "\(report.machine.processors)")
        row("system", "\(report.machine.operatingSystem), \(report.machine.hostName)")
        lines.append("")
        lines.append(report.problem == nil ? "This machine can transcode." : "This machine cannot transcode yet.")
        return lines.joined(separator: "\n") + "\n"
    }

    /// The object for programs.
    static func json(of report: DoctorReport) -> JSON {
        .object([
            ("can_transcode", .bool(report.problem == nil)), ("problem", .text(orNull: report.problem?.message)),
            ("ffmpeg_path", .text(orNull: report.ffmpegPath)), ("ffmpeg_version", .text(orNull: report.ffmpegVersion)),
            (
                "encoders",
                .list(
                    report.encoders.map { encoder in
                        .object([
                            ("name", .text(encoder.name)), ("codec", .text(encoder.codec.rawValue)),
                            ("works", .bool(encoder.works)),
                            (
                                "reason",
                                .text(orNull: encoder.isCompiledIn ? encoder.failure : "not in this ffmpeg")
                            ),
                        ])
                    })
            ),
            (
                "libraries",
                .list(
                    report.libraries.map { .object([("name", .text($0.name)), ("version", .text($0.version))]) })
            ), ("work_directory", .text(report.directory)),
            ("free_space_bytes", .integer(orNull: report.freeSpace?.bytes)),
            ("memory_bytes", .integer(report.machine.memory.bytes)),
            ("processors", .integer(report.machine.processors)),
            ("operating_system", .text(report.machine.operatingSystem)), ("host_name", .text(report.machine.hostName)),
        ])
    }
}
