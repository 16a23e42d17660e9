// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletTestKit

/// What the real ffmpeg program shows of a file's picture stream.
enum ShownByFFmpeg {
    /// The presentation times of all decoded frames, in the order they come;
    /// what could be decoded counts even when the program complains in the end.
    static func times(of path: String, stream: Int) async throws -> [Int64] {
        let outcome = try await Turnstile.processors.pass {
            try await ChildProcess.run(
                "ffmpeg",
                [
                    "-nostdin", "-v", "quiet", "-copyts", "-i", "file:" + path, "-map", "0:\(stream)", "-fps_mode",
                    "passthrough", "-enc_time_base", "-1", "-c:v", "wrapped_avframe", "-f", "framecrc", "-",
                ])
        }
        return lines(outcome.output).compactMap { $0.count > 2 ? Int64($0[2].filter { $0 != " " }) : nil }
    }

    private static func lines(_ listing: String) -> [[Substring]] {
        listing.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { $0.split(separator: ",") }
    }
}
