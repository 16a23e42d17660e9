// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Testing

/// The client's end of a WebSocket, frame by frame, over a raw socket.
struct RawWebSocket {
    let socket: RawSocket

    /// Connects and shakes hands; `early` goes out in one write with the request.
    init(port: Int, path: String = "/", early: [UInt8] = [], receiveBuffer: Int32? = nil) throws {
        socket = try RawSocket(port: port, receiveBuffer: receiveBuffer)
        let request =
            "GET \(path) HTTP/1.1\r\nHost: a\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n"
            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        socket.send(Array(request.utf8) + early)
        var head: [UInt8] = []
        while !head.suffix(4).elementsEqual("\r\n\r\n".utf8), let byte = socket.receive(1), !byte.isEmpty {
            head += byte
        }
        let text = String(decoding: head, as: UTF8.self)
        #expect(text.hasPrefix("HTTP/1.1 101"))
        // The answer that RFC 6455 gives to this key.
        #expect(text.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="))
    }

    /// A masked frame.
    static func frame(_ opcode: UInt8, _ payload: [UInt8], isFinal: Bool = true, isMasked: Bool = true) -> [UInt8] {
        var bytes: [UInt8] = [(isFinal ? 0x80 : 0) | opcode]
        let flag: UInt8 = isMasked ? 0x80 : 0
        switch payload.count {
        case ..<126: bytes.append(flag | UInt8(payload.count))
        case ..<65536: bytes += [flag | 126, UInt8(payload.count >> 8), UInt8(payload.count & 255)]
        default: bytes += [flag | 127] + (0..<8).reversed().map { UInt8(payload.count >> ($0 * 8) & 255) }
        }
        let mask: [UInt8] = [1, 2, 3, 4]
        if isMasked { bytes += mask }
        return bytes + (isMasked ? payload.enumerated().map { $1 ^ mask[$0 % 4] } : payload)
    }

    /// The next frame; `nil` at the end.
    func next() -> (opcode: UInt8, payload: [UInt8])? {
        guard let head = exactly(2) else { return nil }
        var count = Int(head[1] & 127)
        if count >= 126 {
            guard let size = exactly(count == 126 ? 2 : 8) else { return nil }
            count = size.reduce(0) { $0 << 8 | Int($1) }
        }
        guard let payload = count == 0 ? [] : exactly(count) else { return nil }
        return (head[0] & 15, payload)
    }

    private func exactly(_ count: Int) -> [UInt8]? {
        var bytes: [UInt8] = []
        while bytes.count < count {
            guard let more = socket.receive(count - bytes.count), !more.isEmpty else { return nil }
            bytes += more
        }
        return bytes
    }
}
