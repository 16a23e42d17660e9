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
    package func nextTasks(completed: [TaskID: Artifact]) throws(PlanningError) -> [TaskSpecification] {
        var tasks = try encodeTasks()
        tasks += trackTasks()
        return tasks.allSatisfy { completed[$0.id] != nil } ? [] : tasks
    }

    /// The task whose result is the picture of each segment, in order.
    package func segmentTasks(completed: [TaskID: Artifact]) -> [TaskID] {
        plan.segments.map { Self.encodeTask($0.index) }
    }

    /// The task that encodes a segment.
    package static func encodeTask(_ segment: Int) -> TaskID {
        let number = String(segment)
        return TaskID("video-" + String(repeating: "0", count: max(0, 5 - number.count)) + number)
    }

    private func encodeTasks() throws(PlanningError) -> [TaskSpecification] {
        guard let video, let index else { return [] }
        var tasks: [TaskSpecification] = []
        for segment in plan.segments {
            let span = FrameSpan(segment: segment, index: index, constantRate: plan.constantRate)
            tasks.append(
                TaskSpecification(
                    id: Self.encodeTask(segment.index), kind: .encode(segment: segment.index),
                    command: try video.command(span: span),
                    expectation: span.gridFrames == nil ? .frames(segment) : .frameCount(span.outputFrames),
                    encoder: video.profile.name, fileExtension: "mkv", cost: cost(of: span, video),
                    memory: memory(video)))
        }
        return tasks
    }

    private func memory(_ video: VideoCommand) -> ByteCount {
        let source = video.stream.video
        let width = max(video.picture.width, (source?.width ?? 0) / 2)
        let height = max(video.picture.height, (source?.height ?? 0) / 2)
        return video.profile.memory(
            width: width, height: height, bitDepth: PixelLayout(video.picture.pixelFormat)?.depth ?? 8)
    }

    /// Encoding of the segment and decoding of its frames and the lead-in.
    private func cost(of span: FrameSpan, _ video: VideoCommand) -> Double {
        let encode = video.profile.cost(
            frames: span.outputFrames, pixels: video.picture.width * video.picture.height,
            preset: plan.parameters.preset)
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
