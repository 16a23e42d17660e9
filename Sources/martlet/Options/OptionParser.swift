// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel

/// Turns a command line, the environment and a configuration file into settings.
///
/// Where several say something about one option, the command line wins over the
/// environment, and the environment over the file; an option that may be given
/// several times is taken from the winner alone.
struct OptionParser: Sendable {
    /// The environment; only names that begin with `MARTLET_` are looked at.
    var environment: [String: String]
    /// Reads a configuration file.
    var readConfiguration: @Sendable (String) throws -> [ConfigurationFile.Entry]

    /// What a command line asks for.
    enum Request: Sendable, Equatable {
        /// Run a command.
        case run(Command, Settings, arguments: [String])
        /// Print help, for one command or in general.
        case help(Command?)
        /// Print the version.
        case version
    }

    /// Reads the arguments after the program's name.
    ///
    /// - Throws: `CommandLineError`.
    func parse(_ arguments: [String]) throws -> Request {
        guard let first = arguments.first else {
            throw CommandLineError(
                .missingArgument, "No command is given.", advice: "`martlet --help` lists the commands.")
        }
        switch first {
        case "--help", "-h": return .help(nil)
        case "--version", "version": return .version
        case "help":
            return .help(try arguments.dropFirst().first.map(command))
        default: break
        }
        guard !first.hasPrefix("-") else {
            throw CommandLineError(
                .missingArgument, "The command is missing before `\(first)`.",
                advice: "The command comes first: `martlet transcode INPUT OUTPUT`.")
        }
        return try parse(Array(arguments.dropFirst()), of: try command(first))
    }

    private func command(_ name: String) throws -> Command {
        if let command = Command(rawValue: name) { return command }
        let guess = Suggestion.nearest(to: name, among: Command.allCases.map(\.rawValue))
        throw CommandLineError(
            .unknownCommand, "There is no command `\(name)`.",
            advice: guess.map { "Did you mean `martlet \($0)`?" } ?? "`martlet --help` lists the commands.")
    }

    private func parse(_ arguments: [String], of command: Command) throws -> Request {
        var words = ArraySlice(arguments)
        var plain: [String] = []
        var given = Given()
        while let word = words.popFirst() {
            if word == "--" {
                plain += words
                break
            } else if word == "--help" || word == "-h" {
                return .help(command)
            } else if word == "--version" {
                return .version
            } else if word.hasPrefix("--") {
                try take(long: word, from: &words, of: command, into: &given)
            } else if word.hasPrefix("-"), word != "-" {
                for letter in word.dropFirst() {
                    guard let option = command.options.first(where: { $0.short == letter }) else {
                        throw unknown("-\(letter)", of: command)
                    }
                    given.values[option.name, default: []].append("true")
                }
            } else {
                plain.append(word)
            }
        }
        var settings = Settings()
        var environmentValues = environmentValues(of: command)
        let file = given.configuration ?? environment[Self.configurationVariable].flatMap { $0.isEmpty ? nil : $0 }
        var fileValues = try file.map { try configurationValues($0, of: command) } ?? [:]
        Self.drop(Self.rivals(of: given.values), from: &environmentValues)
        Self.drop(Self.rivals(of: given.values) + Self.rivals(of: environmentValues), from: &fileValues)
        if command == .transcode,
            [given.values, environmentValues, fileValues].contains(where: { $0["coordinator"] != nil })
        {
            // What was set once for work on this machine does not stand in the way of a cluster.
            Self.drop(Options.ofThisMachine, from: &environmentValues)
            Self.drop(Options.ofThisMachine, from: &fileValues)
        }
        for option in command.options {
            if let values = given.values[option.name] {
                try apply(values, of: option, named: "`--\(option.name)`", command, to: &settings)
            } else if let values = environmentValues[option.name] {
                try apply(
                    values, of: option, named: "The environment variable `\(option.environmentName)`", command,
                    to: &settings)
            } else if let values = fileValues[option.name], let file {
                try apply(
                    values, of: option, named: "The key `\(option.configurationKey)` of \(file)", command, to: &settings
                )
            }
        }
        try check(plain, of: command)
        return .run(command, settings, arguments: plain)
    }

    /// Several ways to say one thing: how good or how large the picture is to be, what the token is.
    private static let alternatives = [
        [["crf"], ["bitrate", "two-pass"], ["target-quality"]], [["token"], ["token-file"]],
        [["coordinator"], ["server-ip", "server-port"]],
    ]

    /// The options that nothing weaker may set beside those that are given.
    private static func rivals(of values: [String: [String]]) -> [String] {
        alternatives.flatMap { ways in
            ways.filter { way in way.contains { values[$0] != nil } }
                .flatMap { way in ways.filter { $0 != way }.flatMap { $0 } }
        }
    }

    private static func drop(_ names: [String], from values: inout [String: [String]]) {
        for name in names { values[name] = nil }
    }

    /// What the command line says, before anything is read as a value.
    private struct Given {
        var values: [String: [String]] = [:]
        var configuration: String?
    }

    private static let configurationVariable = "MARTLET_CONFIG"

    private func take(
        long word: String, from words: inout ArraySlice<String>, of command: Command, into given: inout Given
    ) throws {
        let body = word.dropFirst(2)
        let equals = body.firstIndex(of: "=")
        let name = String(equals.map { body[..<$0] } ?? body)
        let attached = equals.map { String(body[body.index(after: $0)...]) }
        let option = command.options.first { $0.name == name }
        let takesConfiguration = name == Options.configurationName && !command.options.isEmpty
        guard option != nil || takesConfiguration else { throw unknown("--\(name)", of: command) }
        if let option, option.isFlag {
            given.values[name, default: []].append(attached ?? "true")
            return
        }
        let isNextOption = words.first.map { next in
            next == "--" || command.options.contains { next == "--" + $0.name || next.hasPrefix("--\($0.name)=") }
        }
        guard let value = attached ?? (isNextOption == false ? words.popFirst() : nil) else {
            let valueName = option?.valueName ?? "FILE"
            throw CommandLineError(
                .missingValue, "`--\(name)` stands without a value.",
                advice: "Write `--\(name) \(valueName)`: it wants \(option?.expected ?? "the path of a JSON file").")
        }
        if let option {
            if option.isRepeatable {
                given.values[name, default: []].append(value)
            } else {
                given.values[name] = [value]
            }
        } else {
            given.configuration = value
        }
    }

    private func unknown(_ word: String, of command: Command) -> CommandLineError {
        let names = command.options.map { "--" + $0.name } + ["--help", "--version"]
        let guess = word.hasPrefix("--") ? Suggestion.nearest(to: word, among: names) : nil
        let list = "`martlet \(command.rawValue) --help` lists the options."
        let paths = command.arguments.isEmpty ? "" : " A path that begins with `-` stands after `--`."
        return CommandLineError(
            .unknownOption, "`martlet \(command.rawValue)` has no option `\(word)`.",
            advice: guess.map { "Did you mean `\($0)`?" } ?? list + paths)
    }

    private func environmentValues(of command: Command) -> [String: [String]] {
        var values: [String: [String]] = [:]
        for option in command.options {
            guard let text = environment[option.environmentName], !text.isEmpty else { continue }
            values[option.name] =
                option.isRepeatable ? ShellWords.split(text) ?? [text] : [text]
        }
        return values
    }

    private func configurationValues(_ path: String, of command: Command) throws -> [String: [String]] {
        let known = Command.allCases.flatMap(\.options).map(\.configurationKey)
        var values: [String: [String]] = [:]
        for entry in try readConfiguration(path) {
            guard known.contains(entry.key) else {
                let guess = Suggestion.nearest(to: entry.key, among: known)
                throw CommandLineError(
                    .badConfiguration, "The key `\(entry.key)` of \(path) means nothing to Martlet.",
                    advice: guess.map { "Did you mean `\($0)`?" }
                        ?? "Keys are the long options of `martlet transcode --help`, with `_` for `-`.")
            }
            guard let option = command.options.first(where: { $0.configurationKey == entry.key }) else { continue }
            guard option.isRepeatable || entry.values.count == 1 else {
                throw CommandLineError(
                    .badConfiguration, "The key `\(entry.key)` of \(path) takes one value, not a list.",
                    advice: "Give it \(option.expected).")
            }
            values[option.name] = entry.values
        }
        return values
    }

    private func apply(
        _ values: [String], of option: Option, named name: String, _ command: Command, to settings: inout Settings
    ) throws {
        for value in values where !option.apply(value, &settings) {
            throw CommandLineError(
                .badValue, "\(name) does not take `\(value)`: it wants \(option.expected).",
                advice: advice(for: value, of: option, command))
        }
        settings.given.insert(option.name)
        settings.typed[option.name] = values
    }

    private func advice(for value: String, of option: Option, _ command: Command) -> String {
        if let guess = Suggestion.nearest(to: value, among: option.choices) { return "Did you mean `\(guess)`?" }
        return "`martlet \(command.rawValue) --help` says more."
    }

    private func check(_ arguments: [String], of command: Command) throws {
        let wanted = command.arguments
        if arguments.count > wanted.count {
            throw CommandLineError(
                .extraArgument, "`martlet \(command.rawValue)` has no use for `\(arguments[wanted.count])`.",
                advice: "It is used as `\(HelpText.usage(of: command))`; paths with blanks need quotes.")
        }
        if let missing = wanted.dropFirst(arguments.count).first(where: { !$0.isOptional }) {
            throw CommandLineError(
                .missingArgument, "`martlet \(command.rawValue)` wants \(missing.name).",
                advice: "It is used as `\(HelpText.usage(of: command))`.")
        }
        for (argument, value) in zip(wanted, arguments)
        where !argument.choices.isEmpty && !argument.choices.contains(value) {
            throw CommandLineError(
                .badValue, "\(argument.name) cannot be `\(value)`.",
                advice: "It is one of \(argument.choices.joined(separator: ", ")).")
        }
    }
}
