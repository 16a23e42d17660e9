// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// The run of ffmpeg that compares an encode of a segment with the pictures it was made from.
package struct MeasureCommand: Sendable {
    /// How the segment is encoded.
    package var video: VideoCommand
    /// What is measured.
    package var metric: TargetQuality.Metric

    /// Makes a command for the segments of one film.
    package init(video: VideoCommand, metric: TargetQuality.Metric) {
        self.video = video
        self.metric = metric
    }

    /// The suffix of the result's file.
    package var fileExtension: String { metric == .vmaf ? "csv" : "log" }

    /// The command for one span of frames; its result is a text with a score for each frame.
    ///
    /// The source goes through the filters of the encode, so what is compared
    /// is what went into the encoder and what came out. Frames are paired by
    /// their order: their times were rounded to the container's clock. One
    /// thread, because the filters' sums depend on how many share the work.
    ///
    /// - Parameter encode: the task whose result is measured.
    package func command(span: FrameSpan, of encode: TaskID) throws(PlanningError) -> FFmpegCommand {
        // The same range in and out changes nothing, and keeps ffmpeg from changing it unasked.
        let common =
            "scale=flags=bicubic+accurate_rnd+bitexact+full_chroma_int:in_range=full:out_range=full,"
            + "format=pix_fmts=\(pixelFormat),settb=expr=1/1000,setpts=expr=N"
        let source = try video.filters(of: span).filters.joined(separator: ",")
        let measure =
            switch metric {
            case .ssim: "ssim=eof_action=pass:repeatlast=0:stats_file="
            case .vmaf: "libvmaf=eof_action=pass:repeatlast=0:n_threads=1:log_fmt=csv:log_path="
            }
        let graph = "[0:\(video.stream.index)]\(source),\(common)[ref];[1:0]\(common)[dis];[dis][ref]\(measure)"
        return FFmpegCommand(
            video.reading(of: span).map { .text($0) } + [.source]
                + ["-threads", "1", "-noautorotate", "-i"].map { .text($0) } + [.artifact(encode, prefix: "file:")]
                + ["-filter_complex_threads", "1", "-filter_complex"].map { .text($0) }
                + [.filterOutput(prefix: graph, suffix: "[out]")]
                + ["-map", "[out]", "-fps_mode", "passthrough", "-f", "null", "-"].map { .text($0) })
    }

    /// The pixel format of the comparison: the encode's, or the nearest one that the filters take.
    private var pixelFormat: String {
        switch video.picture.pixelFormat {
        case "nv12": "yuv420p"
        case "p010le": "yuv420p10le"
        case let format where format.hasPrefix("yuv440p"): "yuv444p" + format.dropFirst(7)
        case let format: format
        }
    }
}
