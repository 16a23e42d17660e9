// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

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
}
