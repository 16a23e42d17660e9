// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import FoundationEssentials
import MartletCoordinator
import MartletHost
import MartletModel
import MartletPorts
import MartletTestKit
import MartletWire
import Testing

@Suite("Uploads of sources", .timeLimit(.minutes(5)))
struct SourceUploadTests {
    private let directory: TemporaryDirectory
    private let caller: Caller

    init() throws {
        directory = try TemporaryDirectory()
        let clock = ManualClock()
        let place = SourceUploads.Place(
            directory: directory.file("uploads"), unfinished: directory.file("unfinished"))
        caller = Caller(
            handler: Router(
                SourceRoutes(uploads: SourceUploads(at: place, files: LocalFiles())).routes,
                door: Door(tokens: nil, time: clock), time: clock))
    }

    private func content(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(filePath: directory.file("uploads/" + name))))
    }

    private func blocks(_ count: Int, of size: Int = 300_000) -> [[UInt8]] {
        let pattern = (0..<1000).map { UInt8(truncatingIfNeeded: $0 / 7) }
        return (0..<count).map { block in
            Array(repeatElement(pattern.map { $0 &+ UInt8(block) }, count: size / 1000).joined())
        }
    }

    @Test("A file arrives byte for byte, and has an address for jobs", arguments: [0, 1, 3, 11])
    func whole(count: Int) async throws {
        let blocks = blocks(count)
        let answer = await caller.call("POST", "/api/v1/sources?name=film.mkv", body: BlockBody(blocks))
        #expect(answer.status == 201)
        #expect(answer.headers["Location"] == "/api/v1/sources/film.mkv")
        #expect(answer.headers["Upload-Complete"] == "?1")
        let size = Int64(count * 300_000)
        #expect(
            try answer.json(SourceView.self)
                == SourceView(name: "film.mkv", source: "uploads:film.mkv", sizeBytes: size, isComplete: true))
        #expect(try content("film.mkv") == Array(blocks.joined()))
        let head = await caller.call("HEAD", "/api/v1/sources/film.mkv")
        #expect(head.headers["Upload-Offset"] == "\(size)" && head.headers["Upload-Complete"] == "?1")
    }

    @Test("A broken upload goes on where it stands")
    func resumed() async throws {
        struct Broken: Error {}
        let blocks = blocks(9)
        let digest = try await digest(of: Array(blocks.joined()))
        let first = await caller.call(
            "POST", "/api/v1/sources?name=a%20b.mkv".replacing("%20", with: " "),
            body: BlockBody(Array(blocks[..<5]), failure: Broken()))
        #expect(first.status == 500)
        let path = "/api/v1/sources/a%20b.mkv"
        let stand = await caller.call("HEAD", path)
        #expect(stand.headers["Upload-Offset"] == "1500000" && stand.headers["Upload-Complete"] == "?0")
        for wrong in ["0", "1499999", "1500001"] {
            let refused = await caller.call(
                "PATCH", path, headers: ["Upload-Offset": wrong], body: BlockBody([[1, 2, 3]]))
            #expect(refused.status == 409)
            #expect(refused.headers["Upload-Offset"] == "1500000")
        }
        for wrong in [HTTPHeaders(), ["Upload-Offset": "-1"], ["Upload-Offset": "x"]] {
            #expect(await caller.call("PATCH", path, headers: wrong).status == 400)
        }
        let part = await caller.call(
            "PATCH", path, headers: ["Upload-Offset": "1500000", "Upload-Complete": "?0"],
            body: BlockBody(Array(blocks[5..<7])))
        #expect(part.status == 204)
        #expect(part.headers["Upload-Offset"] == "2100000")
        let last = await caller.call(
            "PATCH", path + "?sha256=\(digest.uppercased())", headers: ["Upload-Offset": "2100000"],
            body: BlockBody(Array(blocks[7...])))
        #expect(last.status == 200)
        #expect(try last.json(SourceView.self).isComplete)
        #expect(try content("a b.mkv") == Array(blocks.joined()))
        let late = await caller.call("PATCH", path, headers: ["Upload-Offset": "2700000"], body: BlockBody([[1]]))
        #expect(late.status == 404)
    }

    @Test("A wrong digest is found, and nothing stays")
    func digests() async throws {
        let wrong = String(repeating: "0", count: 64)
        let answer = await caller.call(
            "POST", "/api/v1/sources?name=a.mkv&sha256=\(wrong)", body: BlockBody([[1, 2, 3]]))
        #expect(answer.status == 422)
        #expect(try answer.problem().code == "api.digest_mismatch")
        #expect(await caller.call("GET", "/api/v1/sources/a.mkv").status == 404)
        let broken = await caller.call("POST", "/api/v1/sources?name=a.mkv&sha256=xyz", body: BlockBody([[1]]))
        #expect(try broken.problem().field == "sha256")
    }

    @Test("A finished file stays unless it is to be replaced")
    func replacing() async throws {
        _ = await caller.call("POST", "/api/v1/sources?name=a.mkv", body: BlockBody([[1]]))
        let refused = await caller.call("POST", "/api/v1/sources?name=a.mkv", body: BlockBody([[2]]))
        #expect(refused.status == 409)
        #expect(try content("a.mkv") == [1])
        let taken = await caller.call("POST", "/api/v1/sources?name=a.mkv&overwrite=true", body: BlockBody([[3, 4]]))
        #expect(taken.status == 201)
        #expect(try content("a.mkv") == [3, 4])
    }

    @Test("Two uploads of one name do not mix")
    func twoAtOnce() async throws {
        let (gate, opener) = AsyncStream.makeStream(of: Void.self)
        let began = Journal<Int>()
        struct Gated: HTTPBody {
            let gate: AsyncStream<Void>
            let began: Journal<Int>
            func next() async throws -> [UInt8]? {
                began.note(1)
                for await _ in gate {}
                return nil
            }
        }
        let caller = caller
        let first = Task {
            await caller.call("POST", "/api/v1/sources?name=a.mkv", body: Gated(gate: gate, began: began)).status
        }
        _ = try await began.entry(0, "read")
        #expect(await caller.call("POST", "/api/v1/sources?name=a.mkv", body: BlockBody([[2]])).status == 409)
        #expect(await caller.call("DELETE", "/api/v1/sources/a.mkv").status == 409)
        opener.finish()
        #expect(await first.value == 201)
        #expect(try content("a.mkv") == [])
    }

    @Test("An unfinished upload can be given up, a finished one not")
    func abandoning() async throws {
        _ = await caller.call(
            "POST", "/api/v1/sources?name=a.mkv", headers: ["Upload-Complete": "?0"], body: BlockBody([[1]]))
        #expect(await caller.call("DELETE", "/api/v1/sources/a.mkv").status == 204)
        #expect(await caller.call("GET", "/api/v1/sources/a.mkv").status == 404)
        _ = await caller.call("POST", "/api/v1/sources?name=a.mkv", body: BlockBody([[1]]))
        #expect(await caller.call("DELETE", "/api/v1/sources/a.mkv").status == 404)
        #expect(try content("a.mkv") == [1])
    }

    @Test("Names lead nowhere else", arguments: ["..", ".", ".hidden", "a/b", "../x", "", "a\u{0}b", "a\nb"])
    func badNames(name: String) async throws {
        let answer = await caller.call("POST", "/api/v1/sources?name=\(name)", body: BlockBody([[1]]))
        #expect(answer.status == 400)
        #expect(try answer.problem().field == "name")
        let long = String(repeating: "a", count: 201)
        #expect(await caller.call("POST", "/api/v1/sources?name=\(long)", body: BlockBody([[1]])).status == 400)
    }

    @Test("Without a name one is made up; room that is not there is refused before anything arrives")
    func unnamed() async throws {
        let answer = await caller.call("POST", "/api/v1/sources", body: BlockBody([[7]]))
        let source = try answer.json(SourceView.self)
        #expect(source.name.hasPrefix("upload-"))
        #expect(try content(source.name) == [7])
        let large = await caller.call(
            "POST", "/api/v1/sources?name=l", headers: ["Content-Length": "\(Int64.max)"], body: BlockBody([[7]]))
        #expect(large.status == 507)
        #expect(try large.problem().code == "coordinator.no_space")
    }

    private func digest(of bytes: [UInt8]) async throws -> String {
        let path = directory.file("whole")
        try Data(bytes).write(to: URL(filePath: path))
        return try await LocalFiles().digest(of: path)
    }
}
