// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import FoundationEssentials
import MartletTestKit
import Testing

@testable import martlet

/// Whether a shell is installed here.
private func isInstalled(_ shell: Shell) -> Bool {
    ["/bin/", "/usr/bin/", "/usr/local/bin/"].contains {
        FileManager.default.isExecutableFile(atPath: $0 + shell.rawValue)
    }
}

@Suite struct CompletionsTests {
    @Test(arguments: Shell.allCases) func everyOptionOfEveryCommandIsOffered(shell: Shell) {
        let script = Completions.script(for: shell)
        for command in Command.allCases {
            #expect(script.contains(command.rawValue))
            for option in command.options {
                #expect(script.contains(shell == .fish ? "-l \(option.name) " : "--\(option.name)"), "\(option.name)")
            }
        }
    }

    @Test(.enabled(if: isInstalled(.bash), "bash is not installed")) func bashReadsItsScript() async throws {
        try await check(.bash)
    }

    @Test(.enabled(if: isInstalled(.zsh), "zsh is not installed")) func zshReadsItsScript() async throws {
        try await check(.zsh)
    }

    @Test(.enabled(if: isInstalled(.fish), "fish is not installed")) func fishReadsItsScript() async throws {
        try await check(.fish)
    }

    @Test(
        .enabled(if: isInstalled(.bash), "bash is not installed"),
        arguments: [
            ("martlet tr", "transcode"), ("martlet transcode --cod", "--codec"),
            ("martlet transcode --container w", "webm"),
            ("martlet completions f", "fish"), ("martlet transcode --codec = av", "av1"), ("martlet help pl", "plan"),
            ("martlet transcode --config /etc/os-rel", "/etc/os-release"), ("martlet bench --codec c", ""),
        ])
    func bashCompletes(line: String, expected: String) async throws {
        let words = line.split(separator: " ").map { "'\($0)'" }.joined(separator: " ")
        let script =
            Completions.script(for: .bash)
            + "COMP_WORDS=(\(words)); COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 )); _martlet; echo \"${COMPREPLY[*]}\"\n"
        #expect(try await output(of: .bash, ["-c", script]) == expected + "\n")
    }

    @Test(.enabled(if: isInstalled(.bash), "bash is not installed")) func bashKeepsPathsWithBlanksWhole() async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "martlet \(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: directory + "/a b", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try Data().write(to: URL(filePath: directory + "/a film.mkv"))
        let script =
            Completions.script(for: .bash) + "try() { COMP_WORDS=(martlet \"$@\"); COMP_CWORD=$#; _martlet; "
            + "printf '%s|' \"${COMPREPLY[@]}\"; }; cd '\(directory)'; try probe 'a f'; "
            + "try transcode --work-directory a\n"
        #expect(try await output(of: .bash, ["-c", script]) == "a film.mkv|a b|")
    }

    private func check(_ shell: Shell) async throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "martlet-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data(Completions.script(for: shell).utf8).write(to: URL(filePath: path))
        let outcome = try await ChildProcess.run(shell.rawValue, ["-n", path])
        #expect(outcome.isSuccess && outcome.errors.isEmpty, "\(outcome.errors)")
    }

    private func output(of shell: Shell, _ arguments: [String]) async throws -> String {
        let outcome = try await ChildProcess.run(shell.rawValue, arguments)
        #expect(outcome.isSuccess, "\(outcome.errors)")
        return outcome.output
    }
}
