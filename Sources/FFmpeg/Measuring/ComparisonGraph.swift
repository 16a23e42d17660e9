// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel

/// The filters that compare two films frame by frame.
struct ComparisonGraph {
    /// The number of the output's picture stream.
    let picture: Int
    /// The source's frames.
    let index: FrameIndex
    /// The source's picture.
    let video: VideoProperties
    /// Whether this ffmpeg measures VMAF.
    let hasVMAF: Bool

    /// The size that the source is shown in, which is the size of the comparison.
    var size: (width: Int, height: Int) {
        let isTurned = video.displayMatrix?.swapsSides ?? false
        return isTurned ? (video.height, video.width) : (video.width, video.height)
    }

    /// The arguments of ffmpeg.
    ///
    /// Frames are paired by their order, not by their times: the times of the
    /// result may be rounded to its container's clock. The source is cut to the
    /// listed frames, since decoders may show some that no player does.
    func arguments(output: String, source: String) -> [String] {
        let format = ComparisonFormat(video).name
        let scale = "w=\(size.width):h=\(size.height):flags=bicubic+accurate_rnd+full_chroma_int"
        let first = index.presentationTimes.first ?? 0
        let last = index.presentationTimes.last ?? 0
        let copies = hasVMAF ? ["r1", "r2", "r3"] : ["r1", "r2"]
        let pairs = "eof_action=pass:repeatlast=0"
        var graph = [
            "[0:\(picture)]settb=1/1000,setpts=N,scale@output=\(scale),format=\(format)[d]",
            "[1:\(index.streamIndex)]trim=start_pts=\(first):end_pts=\(last + 1),settb=1/1000,setpts=N,"
                + "scale@source=\(scale),format=\(format),split=\(copies.count)\(copies.map { "[\($0)]" }.joined())",
            "[d][r1]ssim@ssim=\(pairs)[s]",
            "[s][r2]psnr@psnr=\(pairs)[p]",
        ]
        if hasVMAF { graph.append("[p][r3]libvmaf@vmaf=n_threads=2:\(pairs)[v]") }
        return [
            "-copyts", "-i", "file:" + output, "-i", "file:" + source, "-filter_complex", graph.joined(separator: ";"),
            "-map", hasVMAF ? "[v]" : "[p]", "-map", "0:a?", "-fps_mode", "passthrough", "-f", "null", "-",
        ]
    }
}
