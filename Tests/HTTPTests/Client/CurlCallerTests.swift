// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletHTTP
import MartletPorts
import MartletTestKit
import Testing

@Suite("Calls")
struct CurlCallerTests {
    let caller = CurlCaller()

    @Test("What goes wrong is named, with the address but without what may be secret in it")
    func failures() async throws {
        let nobodys = try ReservedPort()
        let call = HTTPCall("GET", "http://user:password@127.0.0.1:\(nobodys.number)/path?token=secret")
        let unreachable = await #expect(throws: HTTPError.self) { _ = try await caller.call(call, limit: 10) }
        #expect(unreachable?.code == .unreachable && unreachable?.isRetryable == true)
        #expect(unreachable?.message.contains("http://127.0.0.1:\(nobodys.number)/path") == true)
        for secret in ["user", "password", "token", "secret"] {
            #expect(unreachable?.message.contains(secret) == false)
        }
        for url in ["file:///etc/passwd", "gopher://127.0.0.1/", "http://", "http://a b/"] {
            let error = await #expect(throws: HTTPError.self) {
                _ = try await caller.call(HTTPCall("GET", url), limit: 10)
            }
            #expect(error?.code == .badURL, "\(url): \(error?.message ?? "")")
        }
        let mute = try MuteListener()
        let answering = Task { try await onThread { try mute.accept(saying: "220 mail.example ESMTP\r\n") } }
        let error = await #expect(throws: HTTPError.self) {
            _ = try await caller.call(HTTPCall("GET", "http://127.0.0.1:\(mute.port)/"), limit: 10)
        }
        #expect(error?.code == .badAnswer)
        mute.release(try await answering.value)
    }

    @Test("A server that falls silent is given up after the stall timeout, before or within its answer")
    func stall() async throws {
        for beginning in ["", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"] {
            let mute = try MuteListener()
            let answering = Task { try await onThread { try mute.accept(saying: beginning) } }
            let began = ContinuousClock.now
            let error = await #expect(throws: HTTPError.self) {
                _ = try await caller.call(
                    HTTPCall(
                        "GET", "http://127.0.0.1:\(mute.port)/", connectTimeout: .milliseconds(300),
                        stallTimeout: .milliseconds(300)), limit: 100)
            }
            #expect(error?.code == .unreachable)
            #expect(ContinuousClock.now - began >= .milliseconds(300))
            // Without the limits of this call it would be a minute.
            #expect(ContinuousClock.now - began < .seconds(30))
            mute.release(try await answering.value)
        }
    }

    @Test("An answer that is cut off is no answer")
    func cut() async throws {
        let mute = try MuteListener()
        let answering = Task {
            try await onThread {
                mute.release(
                    try mute.accept { _ in "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf" })
            }
        }
        let error = await #expect(throws: HTTPError.self) {
            _ = try await caller.call(HTTPCall("GET", "http://127.0.0.1:\(mute.port)/"), limit: 100)
        }
        #expect(error?.code == .unreachable)
        try await answering.value
    }

    @Test("More than the limit is not taken")
    func limit() async throws {
        try await serving { _ in
            .text("12345")
        } _: { port in
            let call = HTTPCall("GET", "http://127.0.0.1:\(port)/")
            let whole = try await caller.call(call, limit: 5)
            #expect(whole.body.count == 5)
            let error = await #expect(throws: HTTPError.self) { _ = try await caller.call(call, limit: 4) }
            #expect(error?.code == .badAnswer)
        }
    }

    @Test("Cancelling the task ends the call at both ends")
    func cancellation() async throws {
        let begun = Signal()
        let ended = Signal()
        try await serving { _ in
            begun.happen()
            await Signal().happened()
            ended.happen()
            return .text("late")
        } _: { port in
            let calling = Task { try await caller.call(HTTPCall("GET", "http://127.0.0.1:\(port)/"), limit: 10) }
            await begun.happened()
            calling.cancel()
            await #expect(throws: CancellationError.self) { _ = try await calling.value }
            try await waiting(for: "the handler's end") { await ended.happened() }
        }
    }

    @Test("A connection is used again")
    func reuse() async throws {
        let mute = try MuteListener()
        let answering = Task {
            try await onThread {
                // No other connection is ever accepted.
                let peer = try mute.accept { _ in "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none" }
                mute.answer(peer) { _ in "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ntwo" }
                return peer
            }
        }
        for text in ["one", "two"] {
            let answer = try await caller.call(
                HTTPCall("GET", "http://127.0.0.1:\(mute.port)/", stallTimeout: .seconds(60)), limit: 10)
            #expect(answer.body == Array(text.utf8))
        }
        mute.release(try await answering.value)
    }

    @Test("A part of a file goes up, and an answer comes down into the middle of another")
    func files() async throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("0123456789", to: "source")
        let target = try directory.write("----------", to: "target")
        try await serving { request in
            if request.path == "/missing" { return HTTPResponse(status: 404, body: .bytes(Array("gone".utf8))) }
            let body = try? await request.body.collected(upTo: 100)
            return HTTPResponse(status: 200, body: .bytes((body ?? nil) ?? []))
        } _: { port in
            let up = HTTPCall("PUT", "http://127.0.0.1:\(port)/", body: .file(path: path, bytes: 3..<7))
            let answer = try await caller.download(up, to: target, at: 2)
            #expect(answer.status == 200 && answer.body.isEmpty)
            #expect(try directory.bytes("target") == Array("--3456----".utf8))

            let missing = try await caller.download(
                HTTPCall("GET", "http://127.0.0.1:\(port)/missing"), to: target, at: 0)
            #expect(missing.status == 404 && missing.body == Array("gone".utf8))
            #expect(try directory.bytes("target") == Array("--3456----".utf8))

            let unwritable = await #expect(throws: HTTPError.self) {
                _ = try await caller.download(up, to: directory.file("none"), at: 0)
            }
            #expect(unwritable?.code == .unwritable)
            for (path, range) in [(directory.file("none"), 0..<1), (path, 5..<11)] as [(String, Range<Int64>)] {
                let unreadable = await #expect(throws: HTTPError.self) {
                    _ = try await caller.call(
                        HTTPCall("PUT", "http://127.0.0.1:\(port)/", body: .file(path: path, bytes: range)), limit: 100)
                }
                #expect(unreadable?.code == .unreadable)
            }
        }
    }

    @Test("64 MiB go up and come down unchanged")
    func large() async throws {
        let directory = try TemporaryDirectory()
        let random = try #require(FileHandle(forReadingAtPath: "/dev/urandom"))
        let bytes = try #require(try random.read(upToCount: 64 << 20))
        try bytes.write(to: URL(filePath: directory.file("source")))
        for name in ["up", "down"] { try Data().write(to: URL(filePath: directory.file(name))) }
        let count = Int64(bytes.count)
        try await serving { request in
            if request.method == "GET" {
                return HTTPResponse(status: 200, body: .file(path: directory.file("source"), bytes: 0..<count))
            }
            guard let file = FileHandle(forWritingAtPath: directory.file("up")) else {
                return HTTPResponse(status: 500)
            }
            do {
                while let block = try await request.body.next() { try file.write(contentsOf: block) }
                return HTTPResponse(status: 204)
            } catch {
                return HTTPResponse(status: 500)
            }
        } _: { port in
            let url = "http://127.0.0.1:\(port)/"
            let up = try await caller.call(
                HTTPCall("PUT", url, body: .file(path: directory.file("source"), bytes: 0..<count)), limit: 10)
            #expect(up.status == 204)
            #expect(try Data(contentsOf: URL(filePath: directory.file("up"))) == bytes)
            let down = try await caller.download(HTTPCall("GET", url), to: directory.file("down"), at: 0)
            #expect(down.status == 200)
            #expect(try Data(contentsOf: URL(filePath: directory.file("down"))) == bytes)
        }
    }

    @Test("A streamed answer comes no faster than it is asked for, and whole")
    func backPressure() async throws {
        let made = Journal<Int>()
        let count = 640
        try await serving { _ in
            HTTPResponse(status: 200, body: .stream(CountedBody(count: count, made: made)))
        } _: { port in
            let answer = try await caller.stream(HTTPCall("GET", "http://127.0.0.1:\(port)/"))
            var total = try await answer.body.next()?.count ?? 0
            // The system's buffers hold a few MiB of the 40.
            await #expect(throws: WaitedInVain.self) {
                try await waiting(for: "all to be made", atMost: .milliseconds(300)) {
                    try await made.entry(count * 3 / 4, "block")
                }
            }
            while let block = try await answer.body.next() { total += block.count }
            #expect(total == count * 65_536)
        }
    }

    @Test("Dropping a streamed answer ends the call")
    func dropped() async throws {
        let ended = Signal()
        try await serving { _ in
            HTTPResponse(status: 200, body: .stream(WatchedBody(ended: ended)))
        } _: { port in
            let status = try await caller.stream(HTTPCall("GET", "http://127.0.0.1:\(port)/")).status
            #expect(status == 200)
            try await waiting(for: "the end of the stream") { await ended.happened() }
        }
    }
}

/// So many blocks of 64 KiB.
private final class CountedBody: HTTPBody {
    private let count: Int
    private let made: Journal<Int>

    init(count: Int, made: Journal<Int>) {
        self.count = count
        self.made = made
    }

    func next() async throws -> [UInt8]? {
        let number = made.entries.count
        guard number < count else { return nil }
        made.note(number)
        return [UInt8](repeating: UInt8(number & 255), count: 65_536)
    }
}

/// A body that says when it is cancelled.
private struct WatchedBody: HTTPBody {
    let ended: Signal

    func next() async throws -> [UInt8]? {
        await Signal().happened()
        ended.happen()
        return nil
    }
}
