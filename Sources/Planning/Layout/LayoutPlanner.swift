// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// Decides which streams of the source the result has, and in which form.
///
/// Nothing is dropped in silence: what the container cannot hold is converted
/// where that keeps its meaning, else it becomes an `Omission`.
package struct LayoutPlanner: Sendable {
    private let source: SourceDescription
    private let parameters: TranscodeParameters
    private let table: ContainerTable

    /// Makes a planner.
    package init(source: SourceDescription, parameters: TranscodeParameters) {
        self.source = source
        self.parameters = parameters
        table = .of(parameters.container)
    }

    /// The layout of the result.
    ///
    /// - Parameters:
    ///   - video: the stream that is encoded, or copied when `codec` is `copy`.
    ///   - codec: FFmpeg's name of the codec that the picture has in the result.
    ///   - firstFrameMicroseconds: the time of the first frame; `nil` without a picture.
    /// - Throws: `PlanningError` when an option asks for what the container cannot hold.
    package func layout(
        video: StreamDescription?, codec: String?, firstFrameMicroseconds: Int64?
    ) throws(PlanningError) -> OutputLayout {
        var layout = OutputLayout(container: parameters.container, streams: [])
        for stream in source.streams {
            if let video, let codec, stream.index == video.index {
                let origin: OutputStream.Origin = parameters.codec == .copy ? .source : .segments
                add(stream, origin, codec, &layout)
                continue
            }
            switch stream.kind {
            case .video: addPicture(stream, &layout)
            case .audio: try addSound(stream, &layout)
            case .subtitle: addSubtitle(stream, &layout)
            case .attachment: addAttachment(stream, &layout)
            case .data where isKnownOtherwise(stream): break
            case .data: omit(stream, "data streams are not carried over", &layout)
            }
        }
        if source.hasArbitraryOrigin {
            layout.originMicroseconds = origin(of: layout, firstFrameMicroseconds: firstFrameMicroseconds)
        }
        return layout
    }

    /// Whether a data stream only repeats what is carried in another form: MP4
    /// and MOV keep the titles of chapters, and the time code of the picture, in
    /// tracks that the demuxer has read already.
    private func isKnownOtherwise(_ stream: StreamDescription) -> Bool {
        func timecode(_ stream: StreamDescription?) -> String? {
            stream?.tags.first { $0.key.lowercased() == "timecode" }?.value
        }
        if stream.codec == "bin_data", !source.chapters.isEmpty { return true }
        return timecode(stream).map { $0 == timecode(source.mainVideo) } ?? false
    }

    /// The smallest start of the carried picture and sound.
    private func origin(of layout: OutputLayout, firstFrameMicroseconds: Int64?) -> Int64 {
        var starts = firstFrameMicroseconds.map { [$0] } ?? []
        for output in layout.streams where output.kind == .audio {
            let stream = source.streams[output.sourceIndex]
            if let start = stream.startTime {
                starts.append(MediaTime(ticks: start, timeBase: stream.timeBase).microseconds)
            }
        }
        return starts.min() ?? source.startTimeMicroseconds
    }

    private func addPicture(_ stream: StreamDescription, _ layout: inout OutputLayout) {
        if stream.disposition.contains(.attachedPicture) {
            if table.covers.contains(stream.codec) {
                add(stream, .attachment, stream.codec, &layout)
            } else {
                omit(
                    stream, "\(name) cannot hold it as a cover picture", &layout,
                    advice: containers { $0.covers.contains(stream.codec) })
            }
        } else if table.video.contains(stream.codec) {
            add(stream, .source, stream.codec, &layout)
        } else {
            omit(
                stream, "only the main picture is encoded, and \(name) cannot hold this one as it is", &layout,
                advice: containers { $0.video.contains(stream.codec) })
        }
    }

    private func addSound(_ stream: StreamDescription, _ layout: inout OutputLayout) throws(PlanningError) {
        let canCopy = table.audio.contains(stream.codec)
        switch parameters.audioCodec {
        case .none:
            omit(stream, "no sound was asked for (--audio-codec none)", &layout)
        case .copy:
            guard canCopy else {
                let advice = containers { $0.audio.contains(stream.codec) } ?? "Choose another container."
                throw PlanningError(
                    .contradiction,
                    "\(name) cannot hold sound in \(stream.codec) (stream \(stream.index)), so it cannot be copied.",
                    advice: "\(advice) Or encode it: --audio-codec \(table.audio.contains("aac") ? "aac" : "opus").")
            }
            add(stream, .source, stream.codec, &layout)
        case .aac, .opus:
            let codec = parameters.audioCodec.rawValue
            guard table.audio.contains(codec) else {
                throw PlanningError(
                    .contradiction, "\(name) cannot hold sound in \(codec).",
                    advice: "Use --audio-codec \(table.audio.contains("aac") ? "aac" : "opus"), or another container.")
            }
            if stream.isDecodable, (stream.audio?.sampleRate ?? 0) > 0, (stream.audio?.channels ?? 0) > 0 {
                add(stream, .task(Self.audioTask(stream.index)), codec, &layout)
            } else if canCopy {
                add(stream, .source, stream.codec, &layout)
            } else {
                omit(
                    stream, "this ffmpeg has no decoder for it, and \(name) cannot hold it as it is", &layout,
                    advice: containers { $0.audio.contains(stream.codec) })
            }
        }
    }

    private func addSubtitle(_ stream: StreamDescription, _ layout: inout OutputLayout) {
        let isPlain = ContainerTable.plainText.contains(stream.codec)
        let isStyled = ContainerTable.styledText.contains(stream.codec)
        if table.subtitles.contains(stream.codec) {
            add(stream, .source, stream.codec, &layout)
        } else if stream.isDecodable, isPlain || (isStyled && parameters.flattenSubtitles) {
            add(stream, .task(Self.subtitleTask(stream.index)), table.textSubtitle, &layout)
        } else if isStyled {
            omit(
                stream, "\(name) cannot hold its styles", &layout,
                advice: "Use --flatten-subtitles to keep the words alone, or --container mkv to keep all.")
        } else {
            omit(
                stream, "\(name) cannot hold it", &layout,
                advice: containers { $0.subtitles.contains(stream.codec) })
        }
    }

    private func addAttachment(_ stream: StreamDescription, _ layout: inout OutputLayout) {
        if table.holdsAttachments {
            add(stream, .attachment, stream.codec, &layout)
        } else {
            omit(stream, "\(name) cannot carry files", &layout, advice: "Use --container mkv.")
        }
    }

    private func add(
        _ stream: StreamDescription, _ origin: OutputStream.Origin, _ codec: String, _ layout: inout OutputLayout
    ) {
        layout.streams.append(
            OutputStream(
                sourceIndex: stream.index, kind: stream.kind, origin: origin, codec: codec,
                disposition: stream.disposition, tags: stream.tags))
        guard origin != .attachment else { return }
        let lost = Disposition.roles.filter { stream.disposition.contains($0.role) && !table.roles.contains($0.role) }
        guard !lost.isEmpty else { return }
        let isHeld = lost.allSatisfy { ContainerTable.of(.mkv).roles.contains($0.role) }
        layout.omissions.append(
            Omission(
                sourceIndex: stream.index,
                subject: "role \(lost.map(\.name).joined(separator: ", ")) of \(Self.subject(of: stream))",
                reason: "\(name) has no mark for it", advice: isHeld ? "Use --container mkv." : nil))
    }

    private func omit(
        _ stream: StreamDescription, _ reason: String, _ layout: inout OutputLayout, advice: String? = nil
    ) {
        layout.omissions.append(
            Omission(
                sourceIndex: stream.index, subject: Self.subject(of: stream), reason: reason, advice: advice))
    }

    /// The container's name, as users type it.
    private var name: String { parameters.container.rawValue }

    /// Which containers would do; `nil` when none would.
    private func containers(_ holds: (ContainerTable) -> Bool) -> String? {
        let names = [ContainerFormat.mkv, .mp4, .mov, .webm].filter { holds(.of($0)) }.map(\.rawValue)
        return names.isEmpty ? nil : "Use --container \(names.joined(separator: " or "))."
    }

    /// A stream in words, such as `subtitle stream 3 (hdmv_pgs_subtitle, eng)`.
    package static func subject(of stream: StreamDescription) -> String {
        let kind = stream.disposition.contains(.attachedPicture) ? "cover picture" : stream.kind.rawValue
        let language = stream.tag("language").flatMap { $0 == "und" ? nil : $0 }
        let codec = stream.codec == "none" ? nil : stream.codec
        let what = [codec, language ?? stream.tag("filename")].compactMap(\.self).joined(separator: ", ")
        return "\(kind) stream \(stream.index)" + (what.isEmpty ? "" : " (\(what))")
    }

    /// The task that encodes a sound stream.
    package static func audioTask(_ stream: Int) -> TaskID { TaskID("audio-\(stream)") }

    /// The task that converts a subtitle stream.
    package static func subtitleTask(_ stream: Int) -> TaskID { TaskID("subtitle-\(stream)") }
}
