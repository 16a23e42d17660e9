// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import Glibc

/// A port that takes connections and says nothing, or just enough to open a WebSocket.
final class MuteListener: Sendable {
    let descriptor: Int32
    let port: Int

    init() throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let result = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && listen(descriptor, 16) == 0
                    && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard result else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        port = Int(UInt16(bigEndian: address.sin_port))
    }

    deinit { close(descriptor) }

    /// Takes a connection, reads a request and answers with `answer`; the descriptor is the caller's.
    func accept(answering answer: (String) -> String) throws -> Int32 {
        let peer = Glibc.accept(descriptor, nil, nil)
        guard peer >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        self.answer(peer, by: answer)
        return peer
    }

    /// Reads a request without a body and answers it.
    func answer(_ peer: Int32, by answer: (String) -> String) {
        var request = ""
        var byte: UInt8 = 0
        while !request.hasSuffix("\r\n\r\n"), recv(peer, &byte, 1, 0) == 1 {
            request.unicodeScalars.append(Unicode.Scalar(byte))
        }
        let text = Array(answer(request).utf8)
        send(peer, text, text.count, Int32(MSG_NOSIGNAL))
    }

    /// Takes a connection and says something at once; the descriptor is the caller's.
    func accept(saying text: String) throws -> Int32 {
        let peer = Glibc.accept(descriptor, nil, nil)
        guard peer >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        let bytes = Array(text.utf8)
        send(peer, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        return peer
    }

    /// Takes a connection and opens a WebSocket on it, by the program openssl's SHA-1.
    func acceptWebSocket() throws -> Int32 {
        try accept { request in
            let key =
                request.split(separator: "\r\n").first { $0.hasPrefix("Sec-WebSocket-Key: ") }?.dropFirst(19) ?? ""
            return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + "Sec-WebSocket-Accept: \(accepting(String(key)))\r\n\r\n"
        }
    }

    func release(_ peer: Int32) { close(peer) }

    private func accepting(_ key: String) -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = [
            "-c", "printf %s '\(key)258EAFA5-E914-47DA-95CA-C5AB0DC85B11' | openssl sha1 -binary | openssl base64",
        ]
        let pipe = Pipe()
        process.standardOutput = pipe
        try? process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: output, as: UTF8.self).filter { !$0.isWhitespace }
    }
}
