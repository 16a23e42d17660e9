// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletTestKit

/// What comes over connections that no honest client makes.
enum BrokenRequest {
    /// What is likely to be forgotten in a request.
    private static let words = [
        "\r\n", "\r\n\r\n", "\n", "\r", " ", ":", "\0", "HTTP/1.1", "HTTP/9.9", "Transfer-Encoding: chunked\r\n",
        "Content-Length: 18446744073709551615\r\n", "Content-Length: -1\r\n", "Content-Length: 1, 2\r\n",
        "Content-Range: bytes 5-4/3\r\n", "Content-Range: bytes 0-9223372036854775807/*\r\n",
        "Range: bytes=-9223372036854775808\r\n", "Expect: 100-continue\r\n", "Upgrade: websocket\r\n",
        "ffffffffffffffff\r\n",
        "Content-Digest: sha-256=:AAAA:\r\n", "%00", "%2e%2e%2f", "../", "?&&=", "null", "-1", "1e400",
    ].map { Array($0.utf8) }

    /// Such a request, made of a good one.
    static func request(_ good: [UInt8], using random: inout SplitMix64) -> [UInt8] {
        switch random.below(12) {
        case 0:
            // A head without end.
            return Array("GET / HTTP/1.1\r\nHost: a\r\nX: ".utf8)
                + [UInt8](repeating: UInt8(ascii: "x"), count: 1 << (10 + random.below(8)))
        case 1:
            let fields = (0..<random.below(3000)).map { "X-\($0): y\r\n" }.joined()
            return Array("GET / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n".utf8)
        case 2: return random.bytes(random.below(5000))
        default: return random.mutated(good, words: words)
        }
    }

    /// A run of WebSocket frames: parts, kinds, lengths and masks that need not fit together.
    ///
    /// - Parameter texts: what good messages say.
    static func frames(_ texts: [String], using random: inout SplitMix64) -> [UInt8] {
        var bytes: [UInt8] = []
        for _ in 0...random.below(6) {
            var payload = Array(random.pick(texts).utf8)
            if random.chance(0.6) { payload = random.mutated(payload, words: words) }
            if random.chance(0.1) { payload = random.bytes(random.below(300)) }
            let opcode = random.chance(0.6) ? 1 : UInt8(random.below(16))
            var frame = RawWebSocket.frame(
                opcode, payload, isFinal: !random.chance(0.2), isMasked: !random.chance(0.1))
            // A length that is not there, or is far too much.
            if random.chance(0.1) { frame[1] = 0x80 | UInt8(random.below(128)) }
            if random.chance(0.1) { frame[0] ^= 1 << random.below(8) }
            bytes += frame
        }
        return random.chance(0.2) ? random.mutated(bytes) : bytes
    }

    /// Sends it over a connection of its own, in one piece or in several, and reads what comes for a moment.
    ///
    /// - Returns: the beginning of the answer.
    static func send(_ bytes: [UInt8], toPort port: Int, using random: inout SplitMix64) throws -> [UInt8] {
        let socket = try RawSocket(port: port)
        let cut = random.chance(0.3) ? random.below(bytes.count + 1) : bytes.count
        socket.send(Array(bytes.prefix(cut)))
        socket.send(Array(bytes.dropFirst(cut)))
        switch random.below(4) {
        case 0: return []
        case 1:
            socket.reset()
            return []
        default:
            socket.endSending()
            socket.setPatience(milliseconds: 50)
            return socket.receive() ?? []
        }
    }
}
