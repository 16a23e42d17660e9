// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import FoundationEssentials
import Glibc
import MartletModel
import Testing

@testable import martlet

@Suite struct PathCheckTests {
    let directory: String

    init() throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "martlet-paths-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try Data("film".utf8).write(to: URL(filePath: directory + "/in.mkv"))
    }

    private func remove() { try? FileManager.default.removeItem(atPath: directory) }

    @Test func inputsThatAreNoFilesAreRefused() {
        defer { remove() }
        for path in ["/nowhere/film.mkv", directory, "http://example.org/film.mkv", "/dev/null"] {
            let error = #expect(throws: CommandLineError.self) { try PathCheck.input(path) }
            #expect(error?.code == .inputMissing)
            #expect(error?.message.contains(path) == true)
            #expect(error?.exitStatus == .badInput)
        }
    }

    @Test func pipesAreRefused() {
        defer { remove() }
        #expect(throws: CommandLineError.self) { try PathCheck.refusePipe("-") }
        #expect(throws: CommandLineError.self) { try PathCheck.refusePipe("") }
    }

    @Test func theInputIsNeverTheOutputByAnyName() throws {
        defer { remove() }
        let input = directory + "/in.mkv"
        try FileManager.default.createSymbolicLink(atPath: directory + "/link.mkv", withDestinationPath: input)
        for output in [
            input, directory + "/../" + (directory.split(separator: "/").last ?? "") + "/in.mkv",
            directory + "/link.mkv",
        ] {
            let error = #expect(throws: CommandLineError.self) {
                try PathCheck.output(output, input: input, overwrite: true)
            }
            #expect(error?.code == .outputTaken)
        }
    }

    @Test func anOutputThatExistsIsTouchedOnRequestOnly() throws {
        defer { remove() }
        let output = directory + "/out.mp4"
        try Data().write(to: URL(filePath: output))
        let error = #expect(throws: CommandLineError.self) {
            try PathCheck.output(output, input: directory + "/in.mkv", overwrite: false)
        }
        #expect(error?.code == .outputTaken)
        #expect(throws: Never.self) { try PathCheck.output(output, input: directory + "/in.mkv", overwrite: true) }
    }

    @Test func placesThatCannotBeWrittenToAreRefused() {
        defer { remove() }
        for output in [directory + "/missing/out.mp4", directory + "/in.mkv/out.mp4"] {
            let error = #expect(throws: CommandLineError.self) {
                try PathCheck.output(output, input: directory + "/in.mkv", overwrite: false)
            }
            #expect(error?.code == .outputUnwritable)
            #expect(error?.exitStatus == .writeFailed)
        }
    }

    @Test func aDirectoryIsNoOutput() {
        defer { remove() }
        for path in [directory, directory + "/new/"] {
            let error = #expect(throws: CommandLineError.self) {
                try PathCheck.output(path, input: directory + "/in.mkv", overwrite: true)
            }
            #expect(error?.code == .outputTaken)
        }
    }

    @Test func devicesAndPipesAreNeverReplaced() {
        defer { remove() }
        let pipe = directory + "/pipe.mkv"
        #expect(mkfifo(pipe, 0o600) == 0)
        for path in [pipe, "/dev/null"] {
            let error = #expect(throws: CommandLineError.self) {
                try PathCheck.output(path, input: directory + "/in.mkv", overwrite: true)
            }
            #expect(error?.code == .outputTaken)
            #expect(error?.message.contains("device or a pipe") == true)
        }
    }

    @Test func aNameThatNoFileSystemTakesIsRefusedAtOnce() {
        defer { remove() }
        let error = #expect(throws: CommandLineError.self) {
            try PathCheck.output(
                directory + "/" + String(repeating: "n", count: 252) + ".mkv", input: directory + "/in.mkv",
                overwrite: false)
        }
        #expect(error?.code == .outputUnwritable)
        #expect(error?.message.contains("too long") == true)
    }
}
