// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// How like two films are, frame by frame: what the filters `ssim` and `libvmaf` write, read.
///
/// `ssim` writes a line a frame, such as `n:1 Y:0.99 U:0.99 V:0.99 All:0.99 (20.0)`;
/// `libvmaf` writes a table with a heading, parted by commas, with a column `vmaf`.
///
/// Source: <https://ffmpeg.org/ffmpeg-filters.html#ssim>, <https://ffmpeg.org/ffmpeg-filters.html#libvmaf>
package struct ScoreList: Sendable, Equatable {
    /// How many frames were measured, at least 1.
    package var count: Int
    /// The mean of all frames, on the measure's own scale.
    package var mean: Double

    /// Reads a filter's file; `nil` when it holds no score, or a frame has none. O(size).
    package init?(_ text: String) {
        let lines = text.split(whereSeparator: \.isNewline)
        guard let first = lines.first else { return nil }
        let scores: [Double?]
        if first.hasPrefix("Frame,") {
            guard let column = Self.cells(of: first).firstIndex(of: "vmaf") else { return nil }
            scores = lines.dropFirst().map { line in
                let cells = Self.cells(of: line)
                return cells.indices.contains(column) ? Double(cells[column]) : nil
            }
        } else {
            scores = lines.map { line in
                line.split(separator: " ").first { $0.hasPrefix("All:") }.flatMap { Double($0.dropFirst(4)) }
            }
        }
        var sum = 0.0
        for score in scores {
            guard let score, score.isFinite else { return nil }
            sum += score
        }
        guard !scores.isEmpty else { return nil }
        count = scores.count
        mean = sum / Double(count)
    }

    private static func cells(of line: Substring) -> [Substring] {
        line.split(separator: ",", omittingEmptySubsequences: false)
    }
}
