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
    func script(_ name: String, _ body: String) throws -> FFmpegProgram {
        try Data("#!/bin/sh\n\(body)\n".utf8).write(to: URL(filePath: path(name)))
        try #require(chmod(path(name), 0o755) == 0)
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
