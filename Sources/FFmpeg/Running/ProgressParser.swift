// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel
package import MartletPorts

/// Reads the reports that ffmpeg's `-progress` writes: lines of `key=value`,
/// each report closed by `progress=continue` or `progress=end`.
///
/// Source: `print_report` in <https://github.com/FFmpeg/FFmpeg/blob/n5.1/fftools/ffmpeg.c>
package struct ProgressParser: Sendable {
    /// What a piece of output held.
    package struct Output: Sendable, Equatable {
        /// The reports that were completed, in order.
        package var reports: [RunProgress] = []
        /// The lines that belong to no report, in order.
        package var otherLines: [String] = []
    }

    /// Whether the closing report of the run was seen.
    package private(set) var isEnded = false
    private var lines = LineSplitter()
    private var report = RunProgress()

    /// Makes a parser that has seen nothing.
    package init() {}

    /// Takes the next piece of output, cut anywhere.
    package mutating func append(_ bytes: [UInt8]) -> Output {
        var output = Output()
        for line in lines.append(bytes) { take(line, &output) }
        return output
    }

    /// Takes the end of the output: a last line may lack its end.
    package mutating func finish() -> Output {
        var output = Output()
        if let line = lines.finish() { take(line, &output) }
        return output
    }

    private mutating func take(_ line: String, _ output: inout Output) {
        let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else {
            output.otherLines.append(line)
            return
        }
        let value = parts[1].drop(while: \.isWhitespace)
        switch parts[0] {
        case "frame": report.frames = Int(value)
        case "fps": report.framesPerSecond = Double(value).flatMap { $0 > 0 ? $0 : nil }
        case "total_size": report.size = Int64(value).map { ByteCount($0) }
        case "out_time_us": report.outputMicroseconds = Int64(value)
        case "out_time_ms", "out_time", "bitrate", "dup_frames", "drop_frames", "speed": break
        case "progress":
            output.reports.append(report)
            isEnded = value == "end"
            report = RunProgress()
        case let key where key.hasPrefix("stream_"): break
        default: output.otherLines.append(line)
        }
    }
}
