// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// Scripts that let a shell complete command lines, made from the declarations.
enum Completions {
    /// The script for a shell.
    static func script(for shell: Shell) -> String {
        switch shell {
        case .bash: bash
        case .zsh: zsh
        case .fish: fish
        }
    }

    private static var bash: String {
        var lines = [
            "# Completions of martlet for bash.", "_martlet() {",
            "    local current=\"${COMP_WORDS[COMP_CWORD]}\" previous=\"${COMP_WORDS[COMP_CWORD-1]}\"",
            "    # Bash parts `--name=value` into three words.",
            "    if [[ $current == = ]]; then", "        current=",
            "    elif [[ $previous == = ]]; then", "        previous=\"${COMP_WORDS[COMP_CWORD-2]}\"", "    fi",
            "    COMPREPLY=()", "    if (( COMP_CWORD == 1 )); then",
            "        COMPREPLY=($(compgen -W \"\(commandNames) help --help --version\" -- \"$current\"))",
            "        return", "    fi", "    case \"${COMP_WORDS[1]} $previous\" in",
            "        \"help \"*) COMPREPLY=($(compgen -W \"\(commandNames)\" -- \"$current\")); return ;;",
        ]
        for command in Command.allCases {
            for option in command.options where !option.isFlag {
                let reply =
                    switch option.completion {
                    case .choices:
                        "COMPREPLY=($(compgen -W \"\(option.choices.joined(separator: " "))\" -- \"$current\")); "
                    case .directory: "_martlet_paths -d \"$current\"; "
                    case .file: "_martlet_paths -f \"$current\"; "
                    case .nothing: ""
                    }
                lines.append("        \"\(command.rawValue) --\(option.name)\") \(reply)return ;;")
            }
        }
        lines += [
            "        *\" --config\") _martlet_paths -f \"$current\"; return ;;", "    esac",
            "    case \"${COMP_WORDS[1]}\" in",
        ]
        for command in Command.allCases {
            let choices = command.arguments.flatMap(\.choices)
            var words = optionNames(of: command).joined(separator: " ")
            if !choices.isEmpty { words = choices.joined(separator: " ") + " " + words }
            let condition = choices.isEmpty ? "[[ $current == -* ]] && " : ""
            lines.append(
                "        \(command.rawValue)) \(condition)COMPREPLY=($(compgen -W \"\(words)\" -- \"$current\")) ;;")
        }
        lines += [
            "    esac", "    case \"${COMP_WORDS[1]}\" in",
            "        \(Command.allCases.filter { !takesPaths($0) }.map(\.rawValue).joined(separator: "|"))) return ;;",
            "    esac", "    if [[ ${#COMPREPLY[@]} -eq 0 && $current != -* ]]; then",
            "        _martlet_paths -f \"$current\"", "    fi", "}",
            "# Paths may hold blanks, so each line is one.",
            "_martlet_paths() {", "    compopt -o filenames 2>/dev/null",
            "    mapfile -t COMPREPLY < <(compgen \"$1\" -- \"$2\")", "}", "complete -F _martlet martlet",
        ]
        return lines.joined(separator: "\n") + "\n"
    }

    private static var zsh: String {
        var lines = ["#compdef martlet", "_martlet() {", "    local -a commands", "    commands=("]
        for command in Command.allCases {
            lines.append("        \(quoted("\(command.rawValue):\(command.summary)"))")
        }
        lines += [
            "    )", "    if (( CURRENT == 2 )); then", "        _describe command commands", "        return",
            "    fi",
            "    local command=$words[2]", "    shift words", "    (( CURRENT-- ))", "    case $command in",
        ]
        for command in Command.allCases {
            lines.append("        \(command.rawValue))")
            lines.append("            _arguments \\")
            for option in command.options {
                let star = option.isRepeatable ? "*" : ""
                let help = "[\(zshText(option.help))]"
                if let short = option.short { lines.append("                \(quoted("-\(short)" + help)) \\") }
                var text = "\(star)--\(option.name)\(option.isFlag ? "" : "=")\(help)"
                if !option.isFlag { text += ":\(option.name):\(zshAction(of: option))" }
                lines.append("                \(quoted(text)) \\")
            }
            if !command.options.isEmpty {
                lines.append("                '--config=[A JSON file that sets options]:config:_files' \\")
            }
            lines.append("                '--help[Prints help]' \\")
            let choices = command.arguments.flatMap(\.choices).joined(separator: " ")
            let action = takesPaths(command) ? "_files" : choices.isEmpty ? " " : "(\(choices))"
            lines.append("                '*:argument:\(action)'")
            lines.append("            ;;")
        }
        lines += [
            "        help) _describe command commands ;;", "    esac", "}",
            // Loaded by its first use, the file is the function's first call; sourced, it only announces it.
            "if [ \"$funcstack[1]\" = _martlet ]; then _martlet \"$@\"; else compdef _martlet martlet; fi",
        ]
        return lines.joined(separator: "\n") + "\n"
    }

    private static var fish: String {
        var lines = [
            "# Completions of martlet for fish.",
            "complete -c martlet -f -n '__fish_seen_subcommand_from help' -a \(quoted(commandNames))",
        ]
        for command in Command.allCases {
            let name = command.rawValue
            lines.append("complete -c martlet -f -n __fish_use_subcommand -a \(name) -d \(quoted(command.summary))")
            let condition = "complete -c martlet -n '__fish_seen_subcommand_from \(name)'"
            for option in command.options {
                var line = "\(condition) -l \(option.name)"
                if let short = option.short { line += " -s \(short)" }
                if !option.isFlag { line += fishValues(of: option) }
                lines.append(line + " -d \(quoted(option.help))")
            }
            if !command.options.isEmpty {
                lines.append("\(condition) -l config -r -F -d 'A JSON file that sets options'")
            }
            lines.append("\(condition) -l help -s h -d 'Prints help'")
            let choices = command.arguments.flatMap(\.choices)
            if !choices.isEmpty {
                lines.append("\(condition) -f -a \(quoted(choices.joined(separator: " ")))")
            } else if !takesPaths(command) {
                lines.append("\(condition) -f")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func zshAction(of option: Option) -> String {
        switch option.completion {
        case .file: "_files"
        case .directory: "_files -/"
        case .choices: "(\(option.choices.joined(separator: " ")))"
        case .nothing: " "
        }
    }

    private static func fishValues(of option: Option) -> String {
        switch option.completion {
        case .file: " -r -F"
        case .directory: " -x -a '(__fish_complete_directories)'"
        case .choices: " -x -a \(quoted(option.choices.joined(separator: " ")))"
        case .nothing: " -x"
        }
    }

    /// Whether files are offered where no option is typed.
    private static func takesPaths(_ command: Command) -> Bool { command.arguments.contains(where: \.isPath) }

    private static var commandNames: String { Command.allCases.map(\.rawValue).joined(separator: " ") }

    private static func optionNames(of command: Command) -> [String] {
        var names = command.options.map { "--" + $0.name }
        names += command.options.compactMap(\.short).map { "-\($0)" }
        if !command.options.isEmpty { names.append("--config") }
        return names + ["--help"]
    }

    /// A text in single quotes, for every one of the shells.
    private static func quoted(_ text: String) -> String {
        "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }

    /// A text in which zsh sees no brackets or colons.
    private static func zshText(_ text: String) -> String {
        var result = ""
        for character in text {
            if "[]:\\".contains(character) { result.append("\\") }
            result.append(character)
        }
        return result
    }
}
