// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel
package import MartletPorts

/// Finds scene changes by ffmpeg's `scdet` filter on small pictures.
///
/// Source: <https://ffmpeg.org/ffmpeg-filters.html#scdet-1>
package struct SceneDetector: SceneFinder {
    private let process: FFmpegProcess

    /// Makes a detector.
    package init(program: FFmpegProgram, launcher: any ProcessLauncher, time: any TimeSource) {
        process = FFmpegProcess(program: program, launcher: launcher, time: time)
    }

    /// The times of the first frames of scenes.
    ///
    /// - Throws: an `FFmpegError`; `CancellationError` when cancelled.
    package func sceneChanges(
        in source: SourceDescription, stream: Int, search: SceneSearch,
        progress: @escaping @Sendable (RunProgress) -> Void
    ) async throws -> [Int64] {
        // Each line is written at once, so that reports on the same pipe cannot tear it.
        let filters =
            "scale=w='min(320,iw)':h=-2:flags=fast_bilinear,scdet=threshold=10,"
            + "metadata=mode=print:key=lavfi.scd.time:file=pipe\\\\:1:direct=1"
        let arguments =
            (search == .keyframes ? ["-skip_frame", "nokey"] : [])
            + ["-copyts", "-i", "file:" + source.path, "-map", "0:\(stream)", "-vf", filters]
            + ["-fps_mode", "passthrough", "-f", "null", "-"]
        let report = try await process.run(
            arguments, options: .init(stallTimeout: .seconds(120)), progress: progress)
        return Self.times(in: report.output)
    }

    /// Reads lines such as `frame:132  pts:67584   pts_time:5.28`.
    static func times(in output: String) -> [Int64] {
        let times = output.split(separator: "\n").compactMap { line -> Int64? in
            guard line.hasPrefix("frame:") else { return nil }
            return line.split(separator: " ").first { $0.hasPrefix("pts:") }.flatMap { Int64($0.dropFirst(4)) }
        }
        return Set(times).sorted()
    }
}
