// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel
package import MartletPorts

/// Measures the likeness of a result and its source by ffmpeg's `ssim`, `psnr`
/// and, where the build has it, `libvmaf` filters.
///
/// Both films are decoded once, together. Both are shown upright and in the
/// source's size and pixel format before they are compared.
package struct FFmpegQualityMeter: QualityMeter {
    private let process: FFmpegProcess
    private let catalog: any EncoderCatalog

    /// Makes a meter.
    ///
    /// - Parameter catalog: says which measures this ffmpeg has.
    package init(
        program: FFmpegProgram, launcher: any ProcessLauncher, time: any TimeSource, catalog: any EncoderCatalog
    ) {
        process = FFmpegProcess(program: program, launcher: launcher, time: time)
        self.catalog = catalog
    }

    /// Decodes both to the end and compares frame by frame.
    ///
    /// Without an index, or when the numbers of frames differ, only the frames
    /// that decode in the output are counted.
    ///
    /// - Throws: an `FFmpegError`; `CancellationError` when cancelled.
    package func measure(
        output: String, picture: Int?, against source: SourceDescription, index: FrameIndex?,
        progress: @escaping @Sendable (RunProgress) -> Void
    ) async throws -> QualityReport {
        let stream = source.streams.first { $0.index == index?.streamIndex }
        guard let index, let picture, index.frameCount > 0, let video = stream?.video else {
            return try await decode(output, progress: progress)
        }
        let build = try await catalog.build()
        let graph = ComparisonGraph(
            picture: picture, index: index, video: video, hasVMAF: build.filters.contains("libvmaf"))
        let (log, frames) = try await run(
            graph.arguments(output: output, source: source.path), progress: progress)
        return report(on: ComparisonLog(log), frames: frames, index: index, graph: graph)
    }

    private func report(
        on log: ComparisonLog, frames: Int, index: FrameIndex, graph: ComparisonGraph
    ) -> QualityReport {
        var remarks = decodeRemarks(log)
        guard frames == index.frameCount else {
            remarks.append(
                "The output has \(frames) frames and the source \(index.frameCount), so their likeness is not measured."
            )
            return QualityReport(decodedFrames: frames, decodeErrors: log.decodeErrors, remarks: remarks)
        }
        let format = ComparisonFormat(graph.video)
        let isSamePicture = log.output != nil && log.output == log.source
        if let picture = log.output, (picture.width, picture.height) != graph.size {
            remarks.append(
                "The output (\(picture.width)x\(picture.height)) was scaled to the source's size "
                    + "(\(graph.size.width)x\(graph.size.height)) for the comparison.")
        }
        if let ours = log.output?.format, let theirs = log.source?.format, ours != theirs {
            remarks.append("The output (\(ours)) was compared in the source's pixel format (\(theirs)).")
        }
        if !graph.hasVMAF { remarks.append("This ffmpeg has no libvmaf, so VMAF is not measured.") }
        return QualityReport(
            decodedFrames: frames, decodeErrors: log.decodeErrors, ssim: log.ssim,
            psnr: log.psnr.flatMap { $0.isFinite ? $0 : nil },
            vmaf: log.vmaf, isLossless: log.psnr == .infinity && isSamePicture && format.isExact, remarks: remarks)
    }

    private func decode(
        _ output: String, progress: @escaping @Sendable (RunProgress) -> Void
    ) async throws -> QualityReport {
        let arguments = [
            "-i", "file:" + output, "-map", "0:V?", "-map", "0:a?", "-fps_mode", "passthrough", "-f", "null", "-",
        ]
        let (text, frames) = try await run(arguments, progress: progress)
        let log = ComparisonLog(text)
        return QualityReport(decodedFrames: frames, decodeErrors: log.decodeErrors, remarks: decodeRemarks(log))
    }

    private func decodeRemarks(_ log: ComparisonLog) -> [String] {
        guard log.decodeErrors > 0 else { return [] }
        return ["\(log.decodeErrors) packets of the output did not decode."]
    }

    private func run(
        _ arguments: [String], progress: @escaping @Sendable (RunProgress) -> Void
    ) async throws -> (log: String, frames: Int) {
        let counter = FrameCounter()
        // The filters name their results and pictures at the level `verbose` only.
        let options = FFmpegProcess.Options(
            logLevel: "verbose", logCapacity: 4 << 20, stallTimeout: .seconds(120))
        let report = try await process.run(arguments, options: options) { report in
            counter.note(report)
            progress(report)
        }
        return (report.log, counter.frames)
    }
}
