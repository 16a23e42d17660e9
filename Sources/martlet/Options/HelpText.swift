// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// The text of `--help`, made from the declarations.
enum HelpText {
    /// Help for the program.
    static func general(version: String) -> String {
        let width = Command.allCases.map(\.rawValue.count).max() ?? 0
        var lines = [
            "martlet \(version): transcodes film in parallel segments, exact to the frame", "",
            "Usage: martlet COMMAND [OPTIONS]", "", "Commands:",
        ]
        for command in Command.allCases {
            lines.append("  \(command.rawValue.padded(to: width))  \(command.summary)")
        }
        lines += [
            "", "`martlet COMMAND --help` lists the options of a command; `martlet --version` prints the version.",
            "Every option can also be set in the environment (--crf as MARTLET_CRF) and in the JSON",
            "file that --config names (\"crf\": 20). The command line wins, then the environment.", "",
            "Exit codes: 0 done, 1 job failed, 2 usage, 3 bad input, 4 verification failed,",
            "5 no space or a write failed, 6 cluster not reachable or refused, 130 interrupted.",
        ]
        return lines.joined(separator: "\n") + "\n"
    }

    /// How a command is used, in one line.
    static func usage(of command: Command) -> String {
        let arguments = command.arguments.map { argument in
            let name = argument.choices.isEmpty ? argument.name : argument.choices.joined(separator: "|")
            return argument.isOptional ? "[\(name)]" : name
        }
        let required = command == .verify ? ["--against SOURCE"] : []
        let options = command.options.isEmpty ? [] : ["[OPTIONS]"]
        return (["martlet", command.rawValue] + arguments + required + options).joined(separator: " ")
    }

    /// Help for a command, at most 100 columns wide.
    static func of(_ command: Command) -> String {
        var lines = [command.summary + ".", "", "Usage: \(usage(of: command))"]
        if !command.arguments.isEmpty {
            lines += ["", "Arguments:"]
            for argument in command.arguments { lines += entry(argument.name, argument.help) }
        }
        for group in Option.Group.allCases {
            let options = command.options.filter { $0.group == group }
            guard !options.isEmpty || group == .common else { continue }
            lines += ["", group.rawValue + ":"]
            for option in options { lines += entry(heading(of: option), body(of: option)) }
            if group == .common {
                if !command.options.isEmpty {
                    lines += entry("--config FILE", "A JSON file that sets options; see docs/2-options.md.")
                }
                lines += entry("--help, -h", "Prints this.")
            }
        }
        lines += ["", "Examples:"]
        for example in command.examples { lines += ["  \(example.line)", "      \(example.meaning)"] }
        return lines.joined(separator: "\n") + "\n"
    }

    /// How an option is written, such as `--crf N`.
    static func heading(of option: Option) -> String {
        let short = option.short.map { ", -\($0)" } ?? ""
        return "--" + option.name + (option.valueName.map { " " + $0 } ?? "") + short
    }

    private static func body(of option: Option) -> String {
        var text = option.help
        if option.isRepeatable { text += " May be given several times." }
        if let defaultText = option.defaultText { text += " Default: \(defaultText)." }
        return text
    }

    private static func entry(_ heading: String, _ body: String) -> [String] {
        let indent = 30
        let lines = body.wrapped(to: 100 - indent)
        let blank = String(repeating: " ", count: indent)
        let head = "  " + heading
        guard head.count + 2 <= indent else { return [head] + lines.map { blank + $0 } }
        return [head.padded(to: indent) + (lines.first ?? "")] + lines.dropFirst().map { blank + $0 }
    }
}
