// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import Testing

@testable import martlet

/// Reads command lines without a disk.
struct ParserWorkshop {
    /// The environment.
    var environment: [String: String] = [:]
    /// What the file named by `--config` says.
    var configuration: [ConfigurationFile.Entry] = []

    /// What a command line, parted at blanks, asks for.
    func request(_ line: String) throws -> OptionParser.Request {
        try request(line.split(separator: " ").map(String.init))
    }

    /// What arguments ask for.
    func request(_ arguments: [String]) throws -> OptionParser.Request {
        let entries = configuration
        return try OptionParser(environment: environment, readConfiguration: { _ in entries }).parse(arguments)
    }

    /// The settings of a command line that runs a command.
    func settings(_ line: String) throws -> Settings { try settings(line.split(separator: " ").map(String.init)) }

    /// The settings of arguments that run a command.
    func settings(_ arguments: [String]) throws -> Settings {
        guard case .run(_, let settings, _) = try request(arguments) else {
            Issue.record("\(arguments) runs nothing")
            return Settings()
        }
        return settings
    }

    /// The parameters of `transcode in.mkv OUTPUT` with options.
    func parameters(_ options: String, output: String = "out.mkv") throws -> TranscodeParameters {
        let settings = try settings("transcode in.mkv \(output) \(options)")
        return try RequestBuilder(settings: settings).request(input: "in.mkv", output: output).parameters
    }

    /// The error that a command line ends in; `nil` when there is none.
    func error(_ line: String) -> CommandLineError? {
        do {
            _ = try request(line)
            return nil
        } catch {
            return error as? CommandLineError
        }
    }
}
