// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CFFmpeg

/// One compressed frame, freed when released.
final class Packet {
    /// libav's packet.
    let pointer: UnsafeMutablePointer<AVPacket>

    /// Makes an empty packet.
    init() {
        guard let pointer = av_packet_alloc() else { fatalError("out of memory") }
        self.pointer = pointer
    }

    deinit {
        var pointer: UnsafeMutablePointer<AVPacket>? = pointer
        av_packet_free(&pointer)
    }

    /// Drops the content and keeps the packet.
    func clear() { av_packet_unref(pointer) }
}
