// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CFFmpeg
internal import MartletModel
internal import MartletPorts

/// One join, from opening the inputs to closing the output. It blocks.
final class AssemblyRun {
    private let request: AssemblyRequest
    private let stop: StopFlag
    private let progress: @Sendable (Double) -> Void
    private var plan: JobPlan { request.plan }

    /// Prepares a join without opening anything.
    init(request: AssemblyRequest, stop: StopFlag, progress: @escaping @Sendable (Double) -> Void) {
        self.request = request
        self.stop = stop
        self.progress = progress
    }

    /// Joins.
    func run() throws -> AssemblyReport {
        let survey = try surveySegments()
        var streams = plan.layout.streams
        var omissions: [Omission] = []
        while true {
            let inputs = try AssemblyInputs(request: request, streams: streams, survey: survey, stop: stop)
            let output = try OutputFile(path: request.output, container: plan.layout.container)
            let builder = OutputBuilder(request: request, inputs: inputs, streams: streams)
            try builder.build(output)
            do {
                try output.open(pictureTicks: builder.pictureTicks, movieTicks: builder.movieTicks)
            } catch let failure as AVFailure {
                // The muxer refuses all for one: find which, and go on without it if the film allows.
                guard let (number, reason) = try builder.refused() else {
                    throw MediaError(
                        .notStorable,
                        "\(request.output): \(plan.layout.container.rawValue) refuses these streams (\(failure)).")
                }
                omissions.append(try omission(of: streams.remove(at: number), because: reason))
                continue
            }
            return try write(builder, inputs, to: output, omissions)
        }
    }

    private func surveySegments() throws -> SegmentSurvey? {
        guard plan.layout.streams.contains(where: { $0.origin == .segments }) else { return nil }
        guard let index = request.index else {
            throw MediaError(.mismatch, "The frame list of \(plan.source.path) is missing.")
        }
        return try SegmentSurvey(request.segments, plan: plan, index: index, stop: stop)
    }

    private func write(
        _ builder: OutputBuilder, _ inputs: AssemblyInputs, to output: OutputFile, _ omissions: [Omission]
    ) throws -> AssemblyReport {
        var feeds = try inputs.feeds()
        try builder.writePictures(to: output)
        var frames = 0
        var reported = 0
        var damaged: [Int: Int] = [:]
        let total = max(1, inputs.expectedFrames)
        while let feed = earliest(feeds) {
            if feed.isMainPicture { frames += 1 }
            let stream = Int(feed.packet.pointer.pointee.stream_index)
            if try !output.write(feed.packet, timeBase: feed.timeBase) {
                guard !feed.isMainPicture else {
                    throw MediaError(.mismatch, "A picture packet of \(request.plan.source.path) is damaged.")
                }
                damaged[stream, default: 0] += 1
            }
            try feed.advance()
            if frames * 100 / total > reported {
                reported = frames * 100 / total
                progress(min(1, Double(frames) / Double(total)))
            }
        }
        let delays = inputs.delaysToMark
        // The index of a long source and the muxer's tables would together be the peak of all memory.
        feeds = []
        inputs.close()
        let size = try output.finish(delays: delays)
        progress(1)
        let remarks = damaged.sorted { $0.key < $1.key }.map { stream, count in
            "Stream \(stream) of the result lacks \(count) packets that are damaged in the source."
        }
        return AssemblyReport(frames: frames, size: ByteCount(size), omissions: omissions, remarks: remarks)
    }

    private func earliest(_ feeds: [any PacketFeed]) -> (any PacketFeed)? {
        var best: (any PacketFeed)?
        var time = Int64.max
        for feed in feeds {
            if let next = feed.nextTime, best == nil || next < time { (best, time) = (feed, next) }
        }
        return best
    }

    private func omission(of stream: OutputStream, because failure: AVFailure) throws -> Omission {
        let container = plan.layout.container.rawValue
        let isMade = if case .task = stream.origin { stream.kind == .audio } else { stream.origin == .segments }
        guard !isMade, plan.layout.streams.count > 1 else {
            throw MediaError(
                .notStorable,
                "\(request.output): \(container) cannot hold \(stream.kind.rawValue) in \(stream.codec) (\(failure)).",
                advice: "Choose another codec, or another container such as mkv.")
        }
        let language =
            stream.tags.first { $0.key.lowercased() == "language" && $0.value != "und" }.map { ", \($0.value)" } ?? ""
        return Omission(
            sourceIndex: stream.sourceIndex,
            subject: "\(stream.kind.rawValue) stream \(stream.sourceIndex) (\(stream.codec)\(language))",
            reason: "\(container) cannot hold it (\(failure.reason))",
            advice: plan.layout.container == .mkv ? nil : "Use --container mkv.")
    }
}
