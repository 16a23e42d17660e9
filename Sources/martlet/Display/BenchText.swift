// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPlanning

/// Measured speeds, as text and as JSON.
enum BenchText {
    /// The head of the table.
    static func heading(processes: Int) -> String {
        "Frames a second of \(Figures.count(processes, "encode")) at once, one thread each\n"
            + "codec  encoder             preset    size       total  each\n"
    }

    /// One row of the table.
    static func row(of speed: SpeedBench.Speed) -> String {
        speed.codec.rawValue.padded(to: 7) + speed.encoder.padded(to: 20) + (speed.preset ?? "-").padded(to: 10)
            + speed.size.name.padded(to: 7) + Figures.decimal(speed.framesPerSecond, 1).indented(to: 9)
            + Figures.decimal(speed.framesPerSecond / Double(speed.processes), 1).indented(to: 6) + "\n"
    }

    /// The object for programs.
    static func json(of speed: SpeedBench.Speed) -> JSON {
        .object([
            ("codec", .text(speed.codec.rawValue)), ("encoder", .text(speed.encoder)),
            ("preset", .text(orNull: speed.preset)), ("width_px", .integer(speed.size.width)),
            ("height_px", .integer(speed.size.height)), ("processes", .integer(speed.processes)),
            ("fps", .number(speed.framesPerSecond, places: 2)),
            ("fps_per_process", .number(speed.framesPerSecond / Double(speed.processes), places: 2)),
            ("peak_memory_bytes", .integer(orNull: speed.peakMemory?.bytes)),
        ])
    }
}
