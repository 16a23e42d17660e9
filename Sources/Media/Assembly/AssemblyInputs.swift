// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CFFmpeg
internal import Glibc
internal import MartletModel
internal import MartletPorts

/// Everything that a join reads, opened: the segments, the results of the other
/// tasks, and the source for what is taken over from it.
final class AssemblyInputs {
    /// The frames of the main picture; `nil` when no picture is encoded.
    private(set) lazy var clock: FrameClock? = request.index.flatMap { index in
        survey.map {
            FrameClock(
                index: index, originMicroseconds: originMicroseconds, rate: request.plan.constantRate,
                count: $0.ranks.count)
        }
    }
    /// Whether all frames of the main picture are equally long, and the rate then.
    let rate: Rational?
    /// Subtracted from every source time, in microseconds: the plan's origin,
    /// moved so that nothing that is seen or heard starts below zero.
    private(set) lazy var originMicroseconds: Int64 = {
        let planned = request.plan.layout.originMicroseconds
        let starts =
            copies.compactMap { $0.startMicroseconds(in: request.plan.layout.container) }
            + (pictureStart.map { [$0] } ?? [])
        let earliest = (starts.min() ?? planned) - planned
        return planned + (earliest < 0 ? earliest - 1 : 0)
    }()

    private let request: AssemblyRequest
    private let survey: SegmentSurvey?
    private let stop: StopFlag
    private var picture: InputFile?
    private let pictureStart: Int64?
    private var source: InputFile?
    private var copies: [CopyFeed] = []
    private let streams: [OutputStream]

    /// Opens the inputs of `streams`.
    init(request: AssemblyRequest, streams: [OutputStream], survey: SegmentSurvey?, stop: StopFlag) throws {
        self.request = request
        self.streams = streams
        self.survey = survey
        self.stop = stop
        let plan = request.plan
        if survey != nil, let index = request.index {
            rate = plan.constantRate ?? index.constantRate(near: plan.source)
            pictureStart = index.presentationTimes.first.map {
                MediaTime(ticks: $0, timeBase: index.timeBase).microseconds
            }
        } else {
            rate = nil
            pictureStart = nil
        }
        picture = try survey == nil ? nil : request.segments.first.map { try openInput($0.path) }
        if streams.contains(where: { $0.origin == .source || $0.origin == .attachment }) {
            source = try openInput(plan.source.path)
            // Programme streams give many pictures no time of their own; libavformat can tell it from those that follow.
            if survey == nil { source?.context.pointee.flags |= AVFMT_FLAG_GENPTS }
        }
        try openCopies()
    }

    /// The number of main picture packets to come, as far as it is known.
    var expectedFrames: Int { survey?.ranks.count ?? request.index?.frameCount ?? 0 }

    /// The input stream of output stream `number`; `nil` when its file holds nothing.
    func stream(for number: Int) -> UnsafeMutablePointer<AVStream>? {
        let planned = streams[number]
        switch planned.origin {
        case .segments: return picture?.stream(0)
        case .source, .attachment:
            guard let source, planned.sourceIndex < source.streamCount else { return nil }
            return source.stream(planned.sourceIndex)
        case .task: return copies.lazy.compactMap { $0.track(output: number) }.first?.stream
        }
    }

    /// The track that is copied to output stream `number`; `nil` for segments and attachments.
    func track(for number: Int) -> CopiedTrack? { copies.lazy.compactMap { $0.track(output: number) }.first }

    /// Encoder delay that the muxer left out of the edit lists, in samples by output stream.
    var delaysToMark: [Int: Int64] {
        var delays: [Int: Int64] = [:]
        for number in streams.indices {
            if let track = track(for: number), track.delayToMark > 0 { delays[number] = track.delayToMark }
        }
        return delays
    }

    /// Starts reading.
    func feeds() throws -> [any PacketFeed] {
        var feeds: [any PacketFeed] = []
        if let survey, let clock, let output = streams.firstIndex(where: { $0.origin == .segments }) {
            feeds.append(
                try SegmentFeed(
                    paths: request.segments.map(\.path), survey: survey, clock: clock, output: output, stop: stop))
        }
        for copy in copies {
            try copy.begin(originMicroseconds: originMicroseconds, container: request.plan.layout.container)
            feeds.append(copy)
        }
        return feeds
    }

    /// Closes everything; the streams and tracks handed out before are gone then.
    func close() {
        picture = nil
        source = nil
        copies = []
    }

    private func openCopies() throws {
        var taken: [Int: Int] = [:]
        for (number, planned) in streams.enumerated() {
            switch planned.origin {
            case .segments, .attachment: break
            case .source:
                guard let source, planned.sourceIndex < source.streamCount else {
                    throw MediaError(
                        .sourceChanged, "\(request.plan.source.path) has no stream \(planned.sourceIndex) any more.")
                }
                taken[planned.sourceIndex] = number
            case .task(let task):
                guard let path = request.artifacts[task] else {
                    throw MediaError(.mismatch, "The result of task \(task) is missing.")
                }
                try openArtifact(path, of: planned, as: number)
            }
        }
        guard let source, !taken.isEmpty else { return }
        let main = survey == nil ? request.plan.source.mainVideo?.index : nil
        copies.append(
            try CopyFeed(
                path: request.plan.source.path, file: source, streams: taken, mainPicture: main, stop: stop))
    }

    private func openArtifact(_ path: String, of planned: OutputStream, as number: Int) throws {
        var facts = stat()
        // A subtitle stream without entries becomes an empty text file.
        if planned.kind == .subtitle, stat(path, &facts) == 0, facts.st_size == 0 { return }
        let file = try openInput(path)
        let wanted = (0..<file.streamCount).first {
            file.stream($0).pointee.codecpar.pointee.codec_type.kind == planned.kind
        }
        guard let wanted else {
            if planned.kind == .subtitle { return }
            throw MediaError(.mismatch, "\(path) holds no \(planned.kind.rawValue).")
        }
        let origins = request.plan.source.streams
        let origin = origins.indices.contains(planned.sourceIndex) ? origins[planned.sourceIndex] : nil
        let start = origin.flatMap { stream in
            stream.startTime.map { MediaTime(ticks: $0, timeBase: stream.timeBase) }
        }
        copies.append(
            try CopyFeed(
                path: path, file: file, streams: [wanted: number], start: start,
                shift: planned.kind == .audio ? origin?.soundResultShift ?? 0 : 0, stop: stop))
    }
}

/// Opens and probes one input of the join.
func openInput(_ path: String) throws -> InputFile {
    do {
        return try InputFile(path: path)
    } catch {
        throw Acceptance.openFailed(path, error)
    }
}

extension AVMediaType {
    /// What a stream of this type carries; `nil` for types that Martlet does not know.
    var kind: StreamKind? {
        switch self {
        case AVMEDIA_TYPE_VIDEO: .video
        case AVMEDIA_TYPE_AUDIO: .audio
        case AVMEDIA_TYPE_SUBTITLE: .subtitle
        case AVMEDIA_TYPE_ATTACHMENT: .attachment
        case AVMEDIA_TYPE_DATA: .data
        default: nil
        }
    }
}

extension FrameIndex {
    /// The rate of the film when its frames are equally long, to the rounding of
    /// its clock (1 ms at most); `nil` for a variable rate.
    func constantRate(near source: SourceDescription) -> Rational? {
        guard source.streams.indices.contains(streamIndex), let first = presentationTimes.first,
            let video = source.streams[streamIndex].video, frameCount > 1
        else { return nil }
        return [video.averageFrameRate, video.realFrameRate].first { rate in
            guard rate.isPositive else { return false }
            let tick = Rational(rate.den, rate.num)
            return presentationTimes.enumerated().allSatisfy { number, time in
                let even = MediaTime(ticks: Int64(number), timeBase: tick).rescaled(to: timeBase)
                return abs(time - first - even) <= 1
            }
        }
    }
}
