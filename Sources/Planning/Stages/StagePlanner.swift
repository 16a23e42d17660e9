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
        if let target = plan.parameters.targetQuality { return try probeTasks(target, completed) }
        guard let video, let controller else { return [] }
        var tasks: [TaskSpecification] = []
        for encode in step(controller, completed).stage {
            var task = try encodeTask(
                encode.segment, id: named(Self.encodeTask(encode.segment, round: encode.round)), crf: encode.crf,
                preset: nil, video)
            if let last = tasks.last { task.command.share(with: last.command) }
            tasks.append(task)
        }
        return tasks
    }

    /// The effort that probably follows the next stage, in reference seconds; for progress alone.
    ///
    /// What a search will need is not known, so this is what it mostly takes:
    /// three rounds for a target quality, one encode after the analysis for a bit rate.
    ///
    /// - Parameters:
    ///   - stage: the tasks of the next stage.
    ///   - completed: the results so far.
    package func laterCost(after stage: [TaskSpecification], completed: [TaskID: Artifact]) -> Double {
        guard let video else { return 0 }
        if plan.parameters.targetQuality != nil {
            let picture = stage.filter { task in
                switch task.kind {
                case .encode, .measure: true
                case .analyse, .audio, .subtitle: false
                }
            }
            let round =
                plan.segments.map { segment in
                    (0..<3).first { completed[named(Self.scoreTask(segment.index, round: $0))] == nil } ?? 3
                }.max() ?? 0
            return picture.reduce(0) { $0 + $1.cost } * Double(max(2 - round, 0))
        }
        let isAnalysis = stage.contains { if case .analyse = $0.kind { true } else { false } }
        guard isAnalysis else { return 0 }
        return plan.segments.reduce(0) { $0 + cost(of: span(of: $1), preset: plan.parameters.preset, video) }
    }

    /// The task whose result is the picture of each segment, in order.
    ///
    /// - Parameter completed: the results of all stages.
    package func segmentTasks(completed: [TaskID: Artifact]) -> [TaskID] {
        if let video, let target = plan.parameters.targetQuality {
            let search = QualitySearch(profile: video.profile, target: target)
            return plan.segments.map { segment in
                let made = probes(of: segment.index, search, completed).made
                return named(Self.encodeTask(segment.index, round: search.chosen(of: made) ?? 0))
            }
        }
        guard let controller else { return plan.segments.map { named(Self.encodeTask($0.index)) } }
        return step(controller, completed).chosen.map { named(Self.encodeTask($0.segment, round: $0.round)) }
    }

    /// The task that encodes a segment.
    ///
    /// - Parameter round: how many encodes of the segment came before it, for a bit rate or a target quality.
    package static func encodeTask(_ segment: Int, round: Int = 0) -> TaskID {
        TaskID("video-\(padded(segment))" + (round == 0 ? "" : "-again-\(round)"))
    }

    /// The task that measures how like its source an encode of a segment is.
    ///
    /// - Parameter round: which encode of the segment, as for `encodeTask`.
    package static func scoreTask(_ segment: Int, round: Int = 0) -> TaskID {
        TaskID("score-\(padded(segment))" + (round == 0 ? "" : "-again-\(round)"))
    }

    /// The task that finds out a segment's share of a bit rate.
    package static func analysisTask(_ segment: Int) -> TaskID { TaskID("analysis-\(padded(segment))") }

    /// The suffix of tasks whose encoder stands in for hardware that failed at work: the others keep their names, and
    /// their records.
    package static let standInSuffix = "-software"

    private func named(_ id: TaskID) -> TaskID {
        plan.abandonedEncoder == nil ? id : TaskID(id.text + Self.standInSuffix)
    }

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
        let quick = plan.segments.map { Double(completed[named(Self.analysisTask($0.index))]?.payload.bytes ?? 1) }
        return controller.next(quick: quick) { encode in
            (completed[named(Self.encodeTask(encode.segment, round: encode.round))]?.payload.bytes).map(Double.init)
        }
    }

    /// The next encode of each segment that has not reached the target quality, and its measurement.
    private func probeTasks(
        _ target: TargetQuality, _ completed: [TaskID: Artifact]
    ) throws(PlanningError) -> [TaskSpecification] {
        guard let video else { return [] }
        let search = QualitySearch(profile: video.profile, target: target)
        var tasks: [TaskSpecification] = []
        for segment in plan.segments {
            let probes = probes(of: segment.index, search, completed)
            guard let crf = probes.next else { continue }
            let round = probes.made.count
            let encode = try encodeTask(
                segment.index, id: named(Self.encodeTask(segment.index, round: round)), crf: crf, preset: nil, video)
            tasks += [encode, try scoreTask(segment, round: round, of: encode, target.metric, video)]
        }
        return tasks
    }

    /// The measured encodes of a segment, and the quality value of the one that follows them.
    private func probes(
        of segment: Int, _ search: QualitySearch, _ completed: [TaskID: Artifact]
    ) -> (made: [QualitySearch.Probe], next: Double?) {
        var made: [QualitySearch.Probe] = []
        while let crf = search.next(after: made) {
            guard completed[named(Self.encodeTask(segment, round: made.count))] != nil,
                let score = completed[named(Self.scoreTask(segment, round: made.count))]?.score
            else { return (made, crf) }
            made.append(.init(crf: crf, score: score))
        }
        return (made, nil)
    }

    private func scoreTask(
        _ segment: Segment, round: Int, of encode: TaskSpecification, _ metric: TargetQuality.Metric,
        _ video: VideoCommand
    ) throws(PlanningError) -> TaskSpecification {
        let span = span(of: segment)
        let measure = MeasureCommand(video: video, metric: metric)
        let pixels = Double(video.picture.width * video.picture.height)
        let depth = (PixelLayout(video.picture.pixelFormat)?.depth ?? 8) > 8 ? 2.0 : 1.0
        // VMAF takes about as long as x264's default preset.
        let effort = Double(span.outputFrames) * pixels / 1e6 * (metric == .vmaf ? 0.026 : 0.004)
        return TaskSpecification(
            id: named(Self.scoreTask(segment.index, round: round)), kind: .measure(segment: segment.index),
            command: try measure.command(span: span, of: encode.id), expectation: .frameCount(span.outputFrames),
            encoder: video.profile.name, fileExtension: measure.fileExtension,
            cost: effort + 2 * decodingCost(of: span, video),
            // Two decoders and the filters' pictures.
            memory: ByteCount(Int64(pixels * depth * (metric == .vmaf ? 140 : 80))) + .mebibytes(64),
            inputs: [encode.id], silence: encode.silence)
    }

    /// The picture's tasks that depend on nothing: quick encodes for a bit rate,
    /// first encodes and their scores for a target quality, else the encodes themselves.
    private func firstStage() throws(PlanningError) -> [TaskSpecification] {
        guard let video else { return [] }
        if let target = plan.parameters.targetQuality { return try probeTasks(target, [:]) }
        var tasks: [TaskSpecification] = []
        tasks.reserveCapacity(plan.segments.count)
        for segment in plan.segments {
            var task: TaskSpecification
            if let controller {
                task = try encodeTask(
                    segment.index, id: named(Self.analysisTask(segment.index)), crf: controller.analysisCRF,
                    preset: controller.analysisPreset(wanted: plan.parameters.preset), video)
            } else {
                task = try encodeTask(
                    segment.index, id: named(Self.encodeTask(segment.index)), crf: nil, preset: nil, video)
            }
            if let last = tasks.last { task.command.share(with: last.command) }
            tasks.append(task)
        }
        return tasks
    }

    private func encodeTask(
        _ number: Int, id: TaskID, crf: Double?, preset: String?, _ video: VideoCommand
    ) throws(PlanningError) -> TaskSpecification {
        let segment = plan.segments[number]
        let span = span(of: segment)
        return TaskSpecification(
            id: id, kind: id == named(Self.analysisTask(number)) ? .analyse(segment: number) : .encode(segment: number),
            command: try video.command(span: span, crf: crf, preset: preset),
            expectation: span.gridFrames == nil ? .frames(segment) : .frameCount(span.outputFrames),
            encoder: video.profile.name, fileExtension: "mkv",
            cost: cost(of: span, preset: preset ?? plan.parameters.preset, video), memory: memory(video),
            silence: Int64(segment.leadInFrames) * Self.slowDecode)
    }

    private func span(of segment: Segment) -> FrameSpan {
        guard let index else { preconditionFailure("a plan with segments needs its frame index") }
        return FrameSpan(segment: segment, index: index, constantRate: plan.constantRate)
    }

    /// How long a slow machine may take to decode a frame, in milliseconds.
    private static let slowDecode: Int64 = 40
    /// How fast a slow disk or network gives a source, in bytes a millisecond.
    private static let slowRead: Int64 = 10_000

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
        return encode + decodingCost(of: span, video)
    }

    private func decodingCost(of span: FrameSpan, _ video: VideoCommand) -> Double {
        let leadIn = span.segment.leadInFrames
        let pixels = (video.stream.video?.width ?? 0) * (video.stream.video?.height ?? 0)
        return Double(leadIn + span.segment.frameCount) * Double(pixels) / 1e6 * 0.002
    }

    /// Sound and subtitles, whole and once.
    private func trackTasks() -> [TaskSpecification] {
        let silence = plan.source.fingerprint.size.bytes / Self.slowRead
        return plan.layout.streams.compactMap { output in
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
                    memory: .mebibytes(64), silence: silence)
            case .subtitle:
                let command = SubtitleCommand(stream: stream, codec: output.codec)
                return TaskSpecification(
                    id: id, kind: .subtitle(stream: stream.index), command: command.command(), expectation: .anything,
                    encoder: command.codec, fileExtension: command.fileExtension, cost: 0.1, memory: .mebibytes(48),
                    silence: silence)
            case .video, .attachment, .data:
                return nil
            }
        }
    }

    /// How long the sound must be; `nil` where the container only guesses, and
    /// where the picture shows that the file breaks off before what its head
    /// promises. The finished film is checked against the packets that are there.
    private func soundDuration(_ stream: StreamDescription) -> Int64? {
        guard let duration = stream.duration, duration > 0 else { return nil }
        guard let index, let picture = plan.source.mainVideo, let promised = picture.duration else { return nil }
        let missing =
            MediaTime(ticks: promised, timeBase: picture.timeBase).seconds
            - MediaTime(ticks: index.duration, timeBase: index.timeBase).seconds
        guard missing < 0.1 else { return nil }
        let names = plan.source.formatName.split(separator: ",")
        guard names.contains("mov") || names.contains("mp4") else { return nil }
        return MediaTime(ticks: duration, timeBase: stream.timeBase).microseconds
    }
}
