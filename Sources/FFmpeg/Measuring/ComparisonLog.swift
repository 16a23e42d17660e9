// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// What the measuring filters say at the end of a comparison.
struct ComparisonLog: Equatable {
    /// One side's pictures as they were decoded.
    struct Picture: Equatable {
        /// The width in pixels.
        var width: Int
        /// The height in pixels.
        var height: Int
        /// FFmpeg's name of the pixel format, without the mark of full range.
        var format: String
    }

    /// Structural similarity of all planes.
    private(set) var ssim: Double?
    /// Peak signal-to-noise ratio of all planes; infinite for equal pictures.
    private(set) var psnr: Double?
    /// VMAF, mean of all frames.
    private(set) var vmaf: Double?
    /// The output's pictures.
    private(set) var output: Picture?
    /// The source's pictures.
    private(set) var source: Picture?
    /// Messages about packets of the output that did not decode.
    private(set) var decodeErrors = 0

    /// Reads the messages of a run at the level `verbose`.
    init(_ log: String) {
        for line in log.split(separator: "\n") {
            if line.hasPrefix("[ssim@ssim") {
                ssim = Self.number(after: " All:", in: line) ?? ssim
            } else if line.hasPrefix("[psnr@psnr") {
                psnr = Self.number(after: " average:", in: line) ?? psnr
            } else if line.contains("VMAF score: ") {
                vmaf = Self.number(after: "VMAF score: ", in: line) ?? vmaf
            } else if line.hasPrefix("[scale@output") {
                output = output ?? Self.picture(in: line)
            } else if line.hasPrefix("[scale@source") {
                source = source ?? Self.picture(in: line)
            } else if line.contains("rror while decoding stream #0:")
                || line.contains("#0:")
                    && line.contains(
                        "rror submitting packet to decoder")
            {
                decodeErrors += 1
            }
        }
    }

    private static func number(after key: String, in line: Substring) -> Double? {
        guard let range = line.firstRange(of: key) else { return nil }
        return Double(line[range.upperBound...].prefix { !$0.isWhitespace })
    }

    /// Reads `w:320 h:240 fmt:yuv420p sar:1/1 -> ...`.
    private static func picture(in line: Substring) -> Picture? {
        guard let arrow = line.firstRange(of: " -> ") else { return nil }
        var fields: [Substring: Substring] = [:]
        for word in line[..<arrow.lowerBound].split(separator: " ") {
            let parts = word.split(separator: ":", maxSplits: 1)
            if parts.count == 2 { fields[parts[0]] = parts[1] }
        }
        guard let width = fields["w"].flatMap({ Int($0) }), let height = fields["h"].flatMap({ Int($0) }),
            let format = fields["fmt"]
        else { return nil }
        return Picture(width: width, height: height, format: String(format).replacing("yuvj", with: "yuv"))
    }
}
