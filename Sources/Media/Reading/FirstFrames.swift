// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CFFmpeg
internal import MartletModel

/// Reads what only decoded frames tell: HDR metadata and interlacing that the container does not repeat.
struct FirstFrames {
    /// The file to read.
    let path: String

    private static let frameLimit = 2
    private static let packetLimit = 200
    /// Matroska and QuickTime use the same number for opposite orders of display, and libavformat keeps
    /// it as it is: frames know better.
    private static let containerOrders: Set<FieldOrder> = [.tb, .bt]

    /// The description with what the first frames of each HDR stream add; unchanged when nothing can be decoded.
    func completing(_ described: SourceDescription) -> SourceDescription {
        var completed = described
        for index in described.streams.indices where Self.isWorthDecoding(described.streams[index]) {
            guard let video = described.streams[index].video else { continue }
            completed.streams[index].video = (try? complete(video, stream: index)) ?? video
        }
        return completed
    }

    private static func isWorthDecoding(_ stream: StreamDescription) -> Bool {
        guard stream.isDecodable, !stream.disposition.contains(.attachedPicture), let video = stream.video else {
            return false
        }
        let isWide = video.color.isHighDynamicRange || video.bitDepth > 8 && video.color.transfer == nil
        let mayBeInterlaced =
            Self.containerOrders.contains(video.fieldOrder)
            || video.fieldOrder == .unknown && ["h264", "mpeg2video"].contains(stream.codec)
        return isWide && ["hevc", "av1", "h264", "vp9"].contains(stream.codec) || mayBeInterlaced
    }

    private func complete(_ video: VideoProperties, stream: Int) throws(AVFailure) -> VideoProperties {
        let file = try InputFile(path: path)
        file.keepOnly([stream])
        guard stream < file.streamCount, let decoder = try Decoder(stream: file.stream(stream), timesOnly: true) else {
            return video
        }
        var completed = video
        var (packets, frames) = (0, 0)
        let packet = Packet()
        while frames < Self.frameLimit, packets < Self.packetLimit, try file.read(into: packet) {
            packets += 1
            _ = decoder.send(packet.pointer)
            while frames < Self.frameLimit, decoder.receive() >= 0 {
                frames += 1
                add(decoder.frame, to: &completed)
            }
        }
        if frames == 0 {
            _ = decoder.send(nil)
            if decoder.receive() >= 0 { add(decoder.frame, to: &completed) }
        }
        return completed
    }

    private func add(_ frame: UnsafeMutablePointer<AVFrame>, to video: inout VideoProperties) {
        if let data = av_frame_get_side_data(frame, AV_FRAME_DATA_MASTERING_DISPLAY_METADATA)?.pointee.data {
            let display = UnsafeRawPointer(data).loadUnaligned(as: AVMasteringDisplayMetadata.self)
            video.masteringDisplay = video.masteringDisplay ?? VideoReading.masteringDisplay(display)
        }
        if let data = av_frame_get_side_data(frame, AV_FRAME_DATA_CONTENT_LIGHT_LEVEL)?.pointee.data {
            let light = UnsafeRawPointer(data).loadUnaligned(as: AVContentLightMetadata.self)
            video.contentLight =
                video.contentLight
                ?? ContentLight(maxContentLevel: Int(light.MaxCLL), maxFrameAverageLevel: Int(light.MaxFALL))
        }
        if av_frame_get_side_data(frame, AV_FRAME_DATA_DYNAMIC_HDR_PLUS) != nil { video.hasHDR10Plus = true }
        let isOpen = video.fieldOrder == .unknown || Self.containerOrders.contains(video.fieldOrder)
        if isOpen, martlet_frame_is_interlaced(frame) != 0 {
            video.fieldOrder = martlet_frame_is_top_first(frame) != 0 ? .tt : .bb
        }
    }
}
