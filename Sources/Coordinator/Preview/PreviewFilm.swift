// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPlanning
import MartletPorts
import MartletWire

/// A job as its viewers see it before it is done: which of its segments are there, and the text of its playlists.
struct PreviewFilm: Sendable {
    /// A sound track of the result.
    struct Sound: Sendable, Equatable {
        /// Its name in addresses.
        var name: String
        /// The stream of the source that it stands for.
        var stream: StreamDescription
        /// The task that makes it.
        var task: TaskID
        /// FFmpeg's name of its codec.
        var codec: String
    }

    /// What a job has made so far.
    struct Results: Sendable, Equatable {
        /// The plan that it follows.
        var plan: JobPlan
        /// The source's frames.
        var index: FrameIndex?
        /// The tasks that are completed.
        var tasks: [TaskRecord]
    }

    let timeline: PreviewTimeline
    let sounds: [Sound]
    /// What is in the job's result and not in the preview, a sentence each.
    let remarks: [String]
    /// The picture's size; 0 where it is not known.
    private let size: (width: Int, height: Int)
    private let frameRate: Double
    /// What the picture is encoded with.
    let encoder: String?
    /// The results of encodes by the segment's number in the plan, and of sound by their tasks.
    private var segments: [Int: Artifact] = [:]
    private var tracks: [TaskID: Artifact] = [:]

    /// Looks at a plan; `nil` when its job encodes no picture that players take.
    init?(plan: JobPlan, index: FrameIndex?) {
        guard let index, let timeline = PreviewTimeline(plan: plan, index: index) else { return nil }
        self.timeline = timeline
        encoder = plan.encoder
        let tracks = plan.layout.streams.filter { $0.kind == .audio }
        sounds = tracks.compactMap { output in
            guard case .task(let task) = output.origin else { return nil }
            let stream = plan.source.streams[output.sourceIndex]
            return Sound(name: "a\(stream.index)", stream: stream, task: task, codec: output.codec)
        }
        remarks = tracks.compactMap { output in
            guard case .source = output.origin else { return nil }
            return "Sound \(output.sourceIndex) is copied from the source, and not in the preview."
        }
        let video = plan.source.mainVideo?.video
        // Of pictures that are turned or scaled the players learn the size by themselves.
        let isAsSource = plan.parameters.resolution == nil && video?.displayMatrix == nil
        size = isAsSource ? (video?.width ?? 0, video?.height ?? 0) : (0, 0)
        let rate = plan.constantRate ?? video?.averageFrameRate
        frameRate = rate.map { $0.isPositive ? $0.value : 0 } ?? 0
    }

    /// Takes in what is completed by now.
    mutating func note(_ tasks: [TaskRecord]) {
        for task in tasks {
            guard let artifact = task.artifact else { continue }
            switch task.specification.kind {
            case .encode(let segment) where task.specification.encoder == encoder:
                // What a search encodes again shows the same; what was given out once stays.
                if segments[segment].map({ artifact.task < $0.task }) ?? true { segments[segment] = artifact }
            case .audio: tracks[task.specification.id] = artifact
            case .encode, .analyse, .measure, .subtitle: break
            }
        }
    }

    /// How many pieces there are from the first on, without a gap.
    var finishedPieces: Int {
        timeline.pieces.firstIndex { segments[$0.segment] == nil } ?? timeline.pieces.count
    }

    /// Whether there is the whole film.
    var isWhole: Bool { finishedPieces == timeline.pieces.count }

    /// The result that a piece is made of; `nil` while it is not there.
    func artifact(of piece: Int) -> Artifact? { segments[timeline.pieces[piece].segment] }

    /// The result that holds a sound track; `nil` while it is not there.
    func artifact(of sound: Sound) -> Artifact? { tracks[sound.task] }

    // MARK: Playlists

    /// The master playlist: the picture, and the sound tracks that are done.
    ///
    /// - Parameters:
    ///   - codec: the picture's codec, RFC 6381; `nil` where it is not known.
    ///   - query: what is put behind every address.
    func master(codec: String?, query: String) -> String {
        let present = sounds.filter { tracks[$0.task] != nil }
        let names = present.map { CodecName.audio($0.codec, profile: nil) }
        let peak = (0..<finishedPieces).map { piece in
            let bytes = artifact(of: piece)?.payload.bytes ?? 0
            return bytes * 8_000_000 / max(1, timeline.microseconds(of: piece))
        }.max()
        let length = max(1, timeline.startMicroseconds(of: timeline.pieces.count))
        let sound = present.map { (tracks[$0.task]?.payload.bytes ?? 0) * 8_000_000 / length }.max() ?? 0
        let bandwidth = (peak ?? 0) + sound
        let codecs = codec.map { codec in [codec] + Set(names.compactMap(\.self)).sorted() }
        let missing = sounds.count - present.count
        let note = missing > 0 ? ["Sound that is not encoded yet is not here: \(missing)."] : []
        return MasterPlaylist(
            variants: [
                .init(
                    bandwidth: max(bandwidth, 1), averageBandwidth: max(bandwidth, 1),
                    codecs: names.contains(nil) ? [] : codecs ?? [], size: size, frameRate: frameRate,
                    videoRange: "SDR", audioGroup: present.isEmpty ? nil : "sound", uri: "index.m3u8" + query)
            ],
            sounds: present.enumerated().map { number, sound in
                let language = LanguageTag.tag(sound.stream.tag("language"))
                let name = sound.stream.tag("title") ?? LanguageTag.name(language) ?? language ?? "Sound"
                return .init(
                    group: "sound", name: "\(name) (\(sound.stream.index))",
                    language: language, isDefault: number == 0, uri: "\(sound.name)/index.m3u8" + query)
            }, subtitles: [], remarks: remarks + note
        ).text
    }

    /// The playlist of the picture, or of a sound track: as far as the picture goes.
    ///
    /// - Parameter isOver: whether nothing more will come, though it is not whole.
    func playlist(query: String, isOver: Bool) -> String {
        var playlist = MediaPlaylist(
            entries: (0..<finishedPieces).map {
                .init(microseconds: timeline.microseconds(of: $0), uri: "\($0).m4s" + query)
            }, map: "init.mp4" + query,
            targetDuration: MediaPlaylist.targetDuration(timeline.pieces.indices.map(timeline.microseconds)),
            isIndependent: true)
        playlist.extent = isWhole || isOver ? .grown : .growing
        return playlist.text
    }
}
