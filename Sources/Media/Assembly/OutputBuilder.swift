// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CFFmpeg
internal import MartletModel
internal import MartletPorts

/// Sets up the joined file: streams, tags and chapters, before the first packet.
struct OutputBuilder {
    /// What is joined.
    let request: AssemblyRequest
    /// Where it comes from.
    let inputs: AssemblyInputs
    /// The streams, in output order.
    let streams: [OutputStream]

    private var container: ContainerFormat { request.plan.layout.container }
    private var dressing: StreamDressing {
        StreamDressing(container: container, source: request.plan.source)
    }

    /// Whether the container places tracks by edit lists.
    var hasEditLists: Bool { container == .mp4 || container == .mov }

    /// Ticks a second of the picture's clock; 0 when no picture is encoded.
    var pictureTicks: Int32 { inputs.clock?.timeBase.den ?? 0 }

    /// Ticks a second of the edit lists: a clock that holds the starts of
    /// picture and sound exactly. With the muxer's default of 1 ms a picture
    /// that starts at 1/90 s would be placed 0.1 ms early.
    var movieTicks: Int32 {
        let rates = streams.indices.compactMap { inputs.track(for: $0) }.map { Int64($0.timeBase.den) }
        let bases = rates + (pictureTicks > 0 ? [Int64(pictureTicks)] : [])
        var common: Int64 = 1_000
        for base in bases.sorted(by: >) {
            let next = leastCommonMultiple(common, base)
            if next <= 10_000_000 { common = next }
        }
        return Int32(common)
    }

    /// Adds everything to `output`.
    func build(_ output: OutputFile) throws {
        for number in streams.indices { try addStream(number, to: output) }
        dressing.set(dressing.containerTags, on: &output.context.pointee.metadata)
        try addChapters(to: output)
    }

    /// The first stream that the muxer refuses even alone, and why; `nil` when
    /// each alone is taken.
    func refused() throws -> (Int, AVFailure)? {
        for number in streams.indices where streams[number].kind != .attachment {
            let trial = try OutputFile(path: request.output, container: container)
            try addStream(number, to: trial)
            if let failure = trial.tryHeader() { return (number, failure) }
        }
        return nil
    }

    /// Writes the cover pictures of MP4 and MOV, which come before all else.
    func writePictures(to output: OutputFile) throws {
        for number in streams.indices {
            guard let input = inputs.stream(for: number), isCover(input), isPicture(output.stream(number)) else {
                continue
            }
            let packet = Packet()
            try checked(av_packet_ref(packet.pointer, &input.pointee.attached_pic), "copy the cover picture")
            packet.pointer.pointee.stream_index = Int32(number)
            packet.pointer.pointee.pts = 0
            packet.pointer.pointee.dts = 0
            try output.write(packet, timeBase: nanoseconds)
        }
    }

    private func addStream(_ number: Int, to output: OutputFile) throws {
        let planned = streams[number]
        let stream = try output.addStream()
        guard let input = inputs.stream(for: number) else {
            // A stream without entries has no file to learn its parameters from.
            let codec = avcodec_descriptor_get_by_name(planned.codec)
            stream.pointee.codecpar.pointee.codec_id = codec?.pointee.id ?? AV_CODEC_ID_NONE
            stream.pointee.codecpar.pointee.codec_type = codec?.pointee.type ?? AVMEDIA_TYPE_UNKNOWN
            dressing.describe(planned, on: stream)
            return
        }
        if isCover(input), !hasEditLists {
            try addPictureAsAttachment(input, planned, to: stream)
            return
        }
        try dressing.copy(input, to: stream)
        dressing.describe(planned, on: stream)
        if isCover(input) { stream.pointee.disposition = AV_DISPOSITION_ATTACHED_PIC }
        if planned.origin == .segments {
            if let clock = inputs.clock {
                stream.pointee.time_base = AVRational(num: clock.timeBase.num, den: clock.timeBase.den)
            }
            try dressing.complete(stream, as: planned, rate: inputs.rate)
        } else if planned.kind == .video {
            stream.pointee.avg_frame_rate = input.pointee.avg_frame_rate
            stream.pointee.r_frame_rate = input.pointee.r_frame_rate
        }
        guard let track = inputs.track(for: number), planned.kind == .audio else { return }
        stream.pointee.time_base = AVRational(num: track.timeBase.num, den: track.timeBase.den)
        if track.padding > 0 { stream.pointee.codecpar.pointee.initial_padding = Int32(clamping: track.padding) }
    }

    private func isCover(_ input: UnsafeMutablePointer<AVStream>) -> Bool {
        input.pointee.disposition & AV_DISPOSITION_ATTACHED_PIC != 0
    }

    private func isPicture(_ stream: UnsafeMutablePointer<AVStream>) -> Bool {
        stream.pointee.codecpar.pointee.codec_type == AVMEDIA_TYPE_VIDEO
    }

    // Matroska keeps pictures as attached files; by their name players find the cover.
    private func addPictureAsAttachment(
        _ input: UnsafeMutablePointer<AVStream>, _ planned: OutputStream, to stream: UnsafeMutablePointer<AVStream>
    ) throws {
        let picture = input.pointee.attached_pic
        guard let parameters = stream.pointee.codecpar, picture.size > 0,
            let bytes = av_mallocz(Int(picture.size) + Int(AV_INPUT_BUFFER_PADDING_SIZE))
        else { throw AVFailure(code: martlet_averror(ENOMEM), operation: "copy the cover picture") }
        bytes.copyMemory(from: picture.data, byteCount: Int(picture.size))
        parameters.pointee.extradata = bytes.assumingMemoryBound(to: UInt8.self)
        parameters.pointee.extradata_size = picture.size
        parameters.pointee.codec_type = AVMEDIA_TYPE_ATTACHMENT
        parameters.pointee.codec_id = input.pointee.codecpar.pointee.codec_id
        let (suffix, type) = Self.pictureType(parameters.pointee.codec_id)
        dressing.set(
            [Tag("filename", "cover.\(suffix)"), Tag("mimetype", "image/\(type)")], on: &stream.pointee.metadata)
        dressing.set(planned.tags, on: &stream.pointee.metadata)
    }

    private static func pictureType(_ codec: AVCodecID) -> (suffix: String, type: String) {
        switch codec {
        case AV_CODEC_ID_PNG: ("png", "png")
        case AV_CODEC_ID_BMP: ("bmp", "bmp")
        case AV_CODEC_ID_GIF: ("gif", "gif")
        case AV_CODEC_ID_TIFF: ("tiff", "tiff")
        case AV_CODEC_ID_WEBP: ("webp", "webp")
        default: ("jpg", "jpeg")
        }
    }

    private func addChapters(to output: OutputFile) throws {
        let chapters = request.plan.source.chapters
        guard !chapters.isEmpty, let list = av_calloc(chapters.count, MemoryLayout<UnsafeMutableRawPointer>.size)
        else { return }
        let pointers = list.assumingMemoryBound(to: UnsafeMutablePointer<AVChapter>?.self)
        output.context.pointee.chapters = pointers
        for (number, chapter) in chapters.enumerated() {
            guard let memory = av_mallocz(MemoryLayout<AVChapter>.size) else {
                throw AVFailure(code: martlet_averror(ENOMEM), operation: "add chapters")
            }
            let new = memory.assumingMemoryBound(to: AVChapter.self)
            let origin = MediaTime(ticks: inputs.originMicroseconds, timeBase: Rational(1, 1_000_000))
                .rescaled(to: chapter.timeBase)
            new.pointee.id = chapter.id
            new.pointee.time_base = AVRational(num: chapter.timeBase.num, den: chapter.timeBase.den)
            new.pointee.start = max(0, chapter.start - origin)
            new.pointee.end = max(new.pointee.start, chapter.end - origin)
            dressing.set(chapter.tags, on: &new.pointee.metadata)
            let container = request.plan.layout.container
            if container == .mp4 || container == .mov, !chapter.tags.contains(where: { $0.key.lowercased() == "title" })
            {
                // The muxer leaves chapters without a title out of its track, which moves the others.
                dressing.set([Tag("title", "Chapter \(number + 1)")], on: &new.pointee.metadata)
            }
            pointers[number] = new
            output.context.pointee.nb_chapters = UInt32(number + 1)
        }
    }
}
