// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import FoundationEssentials
import MartletModel
import Testing

@Suite struct FFmpegCommandTests {
    private func resolved(_ argument: FFmpegCommand.Argument, output: String) -> [String] {
        FFmpegCommand([argument]).resolved(source: "in", output: output) { "made/\($0)" }
    }

    @Test(arguments: [
        ("/a/b-1.log", "/a/b-1.log"), ("/a:b", #"/a\\:b"#), ("/it's", #"/it\\\'s"#), (#"/a\b"#, #"/a\\\\b"#),
        ("/a b", #"/a\\ b"#), ("/[a],b;c", #"/\[a\]\,b\;c"#),
    ])
    func aFiltersOutputIsEscapedForItsTwoReaders(path: String, expected: String) {
        #expect(resolved(.filterOutput(prefix: "f=", suffix: "[o]"), output: path) == ["f=" + expected + "[o]"])
    }

    @Test func pathsOfFilesAreTakenAsTheyAre() {
        #expect(resolved(.output, output: "/a:b") == ["file:/a:b"])
        #expect(resolved(.artifact(TaskID("t"), prefix: "file:"), output: "") == ["file:made/t"])
    }

    @Test func aTextIsWrittenAsAString() throws {
        let command = FFmpegCommand([
            .text("-i"), .source, .artifact(TaskID("t"), prefix: "p"), .filterOutput(prefix: "a", suffix: "b"), .output,
        ])
        let written = try JSONEncoder().encode(command)
        #expect(String(decoding: written, as: UTF8.self).hasPrefix(#"{"arguments":["-i",{"source":{}},{"#))
        #expect(try JSONDecoder().decode(FFmpegCommand.self, from: written) == command)
    }

    @Test func commandsThatShareTheirEndAreWhatTheyWere() throws {
        let plain = ["a", "b", "c"].map { FFmpegCommand([.text("-ss"), .text($0), .source, .text("-an"), .output]) }
        var shared = plain
        for index in 1..<3 { shared[index].share(with: shared[index - 1]) }
        #expect(shared == plain)
        #expect(shared.map(\.hashValue) == plain.map(\.hashValue))
        #expect(try shared.map { try JSONEncoder().encode($0) } == plain.map { try JSONEncoder().encode($0) })
        var other = FFmpegCommand([.text("-vn")])
        other.share(with: shared[2])
        #expect(other == FFmpegCommand([.text("-vn")]))
        var same = plain[0]
        same.share(with: plain[0])
        #expect(same == plain[0])
    }

    @Test func aTextThatWasWrittenAsAnObjectIsStillRead() throws {
        let written = #"{"arguments":[{"text":{"_0":"-i"}},{"source":{}}]}"#
        let read = try JSONDecoder().decode(FFmpegCommand.self, from: Data(written.utf8))
        #expect(read == FFmpegCommand([.text("-i"), .source]))
    }
}
