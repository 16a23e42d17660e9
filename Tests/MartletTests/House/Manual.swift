// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import FoundationEssentials

@testable import martlet

/// The pages of the manual, read from the project's directory.
enum Manual {
    /// The project's directory.
    static let root: String = {
        var parts = #filePath.split(separator: "/")
        parts.removeLast(4)
        return "/" + parts.joined(separator: "/")
    }()

    /// The text of a file of the project; empty when it is missing.
    static func text(_ path: String) -> String {
        String(decoding: FileManager.default.contents(atPath: root + "/" + path) ?? Data(), as: UTF8.self)
    }

    /// The paths of all files below a directory whose names end so.
    static func files(below directory: String, suffix: String) -> [String] {
        let names = (try? FileManager.default.subpathsOfDirectory(atPath: root + "/" + directory)) ?? []
        return names.filter { $0.hasSuffix(suffix) }.map { directory + "/" + $0 }.sorted()
    }

    /// The row of an option in the reference.
    static func row(of option: Option) -> String {
        let cells = [
            "`\(HelpText.heading(of: option))`",
            option.help + (option.isRepeatable ? " May be given several times." : ""),
            option.defaultText ?? (option.isFlag ? "off" : "none"), "`\(option.environmentName)`",
            "`\(option.configurationKey)`",
        ]
        return "| " + cells.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ") + " |"
    }

    /// The table of a command's options, group by group.
    static func table(of options: [Option]) -> String {
        var lines: [String] = []
        for group in Option.Group.allCases {
            let members = options.filter { $0.group == group }
            guard !members.isEmpty else { continue }
            lines += [
                "", "### \(group.rawValue)", "", "| option | what it does | default | environment | key |",
                "|---|---|---|---|---|",
            ]
            lines += members.map(row)
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
