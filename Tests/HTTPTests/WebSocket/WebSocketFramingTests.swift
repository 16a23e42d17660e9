// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletPorts
import Testing

@testable import MartletHTTP

/// Frames, however the network cuts them.
@Suite struct WebSocketFramingTests {
    @Test("Messages come out whole wherever the bytes are cut, also in a header, between fragments and after a ping")
    func cuts() throws {
        let long = [UInt8](repeating: 9, count: 300)
        let bytes: [UInt8] =
            RawWebSocket.frame(1, Array("one".utf8)) + RawWebSocket.frame(1, Array("tw".utf8), isFinal: false)
            + RawWebSocket.frame(9, Array("there?".utf8)) + RawWebSocket.frame(0, Array("o".utf8))
            + RawWebSocket.frame(2, long) + RawWebSocket.frame(2, [])
        let whole: [WebSocketMessage] = [.text("one"), .text("two"), .binary(long), .binary([])]
        for size in [1, 2, 3, 5, 7, 8, 9, 64, bytes.count] {
            let framing = WebSocketFraming(.server, maximumMessage: 1000)
            var arrived: [WebSocketMessage] = []
            var written: [UInt8] = []
            for start in stride(from: 0, to: bytes.count, by: size) {
                let part = bytes[start..<min(start + size, bytes.count)]
                arrived += try part.withUnsafeBytes { try #require(framing.receive($0)) }
                let writing = framing.write { sent in
                    written += sent
                    return .bytes(sent.count)
                }
                #expect(writing == .done && framing.isDrained && framing.wantsRead && !framing.isFinished)
            }
            #expect(arrived == whole, "by \(size)")
            #expect(written == [0x8a, 6] + Array("there?".utf8), "by \(size)")
        }
    }
}
