// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import Glibc
import MartletFFmpeg
import MartletHost
import MartletModel
import MartletPorts
import Synchronization
import Testing

/// A directory of its own, and ffmpeg to fill it.
final class Bench: Sendable {
    let directory = NSTemporaryDirectory() + "ffmpeg-tests-\(UUID().uuidString)"
    let program: FFmpegProgram

    init() throws {
        program = try FFmpegProgram.locate()
        try LocalFiles().makeDirectory(directory)
    }

    deinit { try? LocalFiles().remove(directory) }

    var runner: FFmpegRunner { FFmpegRunner(program: program, launcher: ProcessRunner(), time: SystemTime()) }

    func path(_ name: String) -> String { directory + "/" + name }

    /// Makes a file in the directory by ffmpeg.
    @discardableResult
    func make(_ name: String, _ arguments: String...) async throws -> String {
        _ = try await runner.run(EncoderRun(arguments: arguments + ["file:" + path(name)])) { _ in }
        return path(name)
    }

    /// A program that is a shell script.
    ///
    /// Another process writes it: a child that this one starts at the same moment would
    /// inherit the open file for an instant, and what is open for writing cannot be run.
    func script(_ name: String, _ body: String) throws -> FFmpegProgram {
        let draft = try text(name + ".text", "#!/bin/sh\n\(body)\n")
        let install = try Process.run(
            URL(filePath: "/usr/bin/install"), arguments: ["-m", "755", draft, path(name)])
        install.waitUntilExit()
        try #require(install.terminationStatus == 0)
        return FFmpegProgram(path: path(name))
    }

    func text(_ name: String, _ content: String) throws -> String {
        try Data(content.utf8).write(to: URL(filePath: path(name)))
        return path(name)
    }
}

/// Every report of a run.
final class Reports: Sendable {
    private let reports = Mutex<[RunProgress]>([])
    func take(_ report: RunProgress) { reports.withLock { $0.append(report) } }
    var all: [RunProgress] { reports.withLock { $0 } }
}
