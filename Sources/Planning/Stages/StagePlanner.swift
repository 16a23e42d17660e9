// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// Turns a plan into tasks, stage by stage.
///
/// A stage depends on the plan and on the results of the stages before it,
/// never on who made them or when: the tasks of a job are the same on every cluster.
package struct StagePlanner: Sendable {
    private let plan: JobPlan
    private let index: FrameIndex?
    private let video: VideoCommand?

    /// Makes a planner for one job.
    ///
    /// - Parameters:
    ///   - plan: the job's plan.
    ///   - index: the frames that the plan was made from; `nil` when no picture is encoded.
    ///   - codecMajorVersion: the major version of libavcodec that the workers have.
    /// - Throws: `PlanningError` when the plan's parameters do not suit its encoder.
    package init(plan: JobPlan, index: FrameIndex?, codecMajorVersion: Int) throws(PlanningError) {
        self.plan = plan
        self.index = index
        if let name = plan.encoder, let profile = EncoderProfile.named(name), let stream = plan.source.mainVideo {
            video = try VideoCommand(
                stream: stream, profile: profile, parameters: plan.parameters, codecMajorVersion: codecMajorVersion)
        } else {
            video = nil
        }
    }

    /// The tasks of the next stage, given the results so far; empty when nothing is left to do.
    ///
    /// Called with the results of a stage that is not complete, it returns the
    /// tasks of that stage again: adding tasks that are there already changes nothing.
    ///
    /// - Throws: `PlanningError` when the plan's options do not suit its encoder.
    package func nextTasks(completed: [TaskID: Artifact]) throws(PlanningError) -> [TaskSpecification] {
        let first = try firstStage() + trackTasks()
        guard first.allSatisfy({ completed[$0.id] != nil }) else { return first }
        guard let video, let controller else { return [] }
        var tasks: [TaskSpecification] = []
        for encode in step(controller, completed).stage {
            tasks.append(
                try encodeTask(
                    encode.segment, id: Self.encodeTask(encode.segment, round: encode.round), crf: encode.crf,
                    preset: nil, video))
        }
        return tasks
    }

    /// The task whose result is the picture of each segment, in order.
    ///
    /// - Parameter completed: the results of all stages.
    package func segmentTasks(completed: [TaskID: Artifact]) -> [TaskID] {
        guard let controller else { return plan.segments.map { Self.encodeTask($0.index) } }
        return step(controller, completed).chosen.map { Self.encodeTask($0.segment, round: $0.round) }
    }

    /// The task that encodes a segment.
    ///
    /// - Parameter round: how many encodes of the segment came before it, for a bit rate.
    package static func encodeTask(_ segment: Int, round: Int = 0) -> TaskID {
        TaskID("video-\(padded(segment))" + (round == 0 ? "" : "-again-\(round)"))
    }

    /// The task that finds out a segment's share of a bit rate.
    package static func analysisTask(_ segment: Int) -> TaskID { TaskID("analysis-\(padded(segment))") }

    private static func padded(_ number: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, 5 - text.count)) + text
    }

    /// What steers a bit rate; `nil` for constant quality.
    private var controller: RateController? {
        guard let video, let index, let rate = plan.parameters.bitrate else { return nil }
        let seconds: Double
        if let constant = plan.constantRate {
            let frames = plan.segments.reduce(0) {
                $0 + FrameSpan(segment: $1, index: index, constantRate: constant).outputFrames
            }
            seconds = Double(frames) / constant.value
        } else {
            seconds = MediaTime(ticks: index.duration, timeBase: index.timeBase).seconds
        }
        let pixels = Double(video.picture.width * video.picture.height) * Double(index.frameCount)
        return RateController(
            profile: video.profile, target: Double(rate.bitsPerSecond) / 8 * seconds, pixels: pixels)
    }

    private func step(
        _ controller: RateController, _ completed: [TaskID: Artifact]
    ) -> (stage: [RateController.Encode], chosen: [RateController.Encode]) {
        let quick = plan.segments.map { Double(completed[Self.analysisTask($0.index)]?.payload.bytes ?? 1) }
        return controller.next(quick: quick) { encode in
            (completed[Self.encodeTask(encode.segment, round: encode.round)]?.payload.bytes).map(Double.init)
        }
    }

    /// The picture's tasks that depend on nothing: quick encodes for a bit rate, else the encodes themselves.
    private func firstStage() throws(PlanningError) -> [TaskSpecification] {
        guard let video else { return [] }
        var tasks: [TaskSpecification] = []
        for segment in plan.segments {
            if let controller {
                tasks.append(
                    try encodeTask(
                        segment.index, id: Self.analysisTask(segment.index), crf: controller.analysisCRF,
                        preset: controller.analysisPreset(wanted: plan.parameters.preset), video))
            } else {
                tasks.append(
                    try encodeTask(
                        segment.index, id: Self.encodeTask(segment.index), crf: nil, preset: nil, video))
            }
        }
        return tasks
    }

    private func encodeTask(
        _ number: Int, id: TaskID, crf: Double?, preset: String?, _ video: VideoCommand
    ) throws(PlanningError) -> TaskSpecification {
        guard let index else { preconditionFailure("a plan with segments needs its frame index") }
        let segment = plan.segments[number]
        let span = FrameSpan(segment: segment, index: index, constantRate: plan.constantRate)
        return TaskSpecification(
            id: id, kind: id == Self.analysisTask(number) ? .analyse(segment: number) : .encode(segment: number),
            command: try video.command(span: span, crf: crf, preset: preset),
            expectation: span.gridFrames == nil ? .frames(segment) : .frameCount(span.outputFrames),
            encoder: video.profile.name, fileExtension: "mkv",
            cost: cost(of: span, preset: preset ?? plan.parameters.preset, video), memory: memory(video))
    }

    private func memory(_ video: VideoCommand) -> ByteCount {
        let source = video.stream.video
        let width = max(video.picture.width, (source?.width ?? 0) / 2)
        let height = max(video.picture.height, (source?.height ?? 0) / 2)
        return video.profile.memory(
            width: width, height: height, bitDepth: PixelLayout(video.picture.pixelFormat)?.depth ?? 8)
    }

    /// Encoding of the segment and decoding of its frames and the lead-in.
    private func cost(of span: FrameSpan, preset: String?, _ video: VideoCommand) -> Double {
        let encode = video.profile.cost(
            frames: span.outputFrames, pixels: video.picture.width * video.picture.height, preset: preset)
        let leadIn = span.segment.seek?.leadInFrames ?? span.segment.firstFrame
        let pixels = (video.stream.video?.width ?? 0) * (video.stream.video?.height ?? 0)
        return encode + Double(leadIn + span.segment.frameCount) * Double(pixels) / 1e6 * 0.002
    }

    /// Sound and subtitles, whole and once.
    private func trackTasks() -> [TaskSpecification] {
        plan.layout.streams.compactMap { output in
            guard case .task(let id) = output.origin else { return nil }
            let stream = plan.source.streams[output.sourceIndex]
            switch output.kind {
            case .audio:
                let command = AudioCommand(
                    stream: stream, codec: plan.parameters.audioCodec, bitRate: plan.parameters.audioBitrate)
                let seconds = Double(plan.source.durationMicroseconds ?? 0) / 1e6
                return TaskSpecification(
                    id: id, kind: .audio(stream: stream.index), command: command.command(),
                    expectation: .sound(durationMicroseconds: soundDuration(stream)), encoder: command.encoder,
                    fileExtension: "mp4", cost: seconds * Double(command.channels) * 0.015,
                    memory: .mebibytes(64))
            case .subtitle:
                let command = SubtitleCommand(stream: stream, codec: output.codec)
                return TaskSpecification(
                    id: id, kind: .subtitle(stream: stream.index), command: command.command(), expectation: .anything,
                    encoder: command.codec, fileExtension: command.fileExtension, cost: 0.1, memory: .mebibytes(48))
            case .video, .attachment, .data:
                return nil
            }
        }
    }

    /// How long the sound must be; `nil` where the container only guesses.
    private func soundDuration(_ stream: StreamDescription) -> Int64? {
        guard let duration = stream.duration, duration > 0 else { return nil }
        let names = plan.source.formatName.split(separator: ",")
        guard names.contains("mov") || names.contains("mp4") else { return nil }
        return MediaTime(ticks: duration, timeBase: stream.timeBase).microseconds
    }
}
