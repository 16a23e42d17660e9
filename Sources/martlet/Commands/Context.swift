// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel

/// What a command runs with.
struct Context: Sendable {
    /// Where it prints.
    var console: Console
    /// What its options say.
    var settings: Settings
    /// Its arguments without names.
    var arguments: [String]
    /// Makes the engine; called once, by commands that need it.
    var makeEngine: @Sendable (Settings) throws -> any Engine
    /// What it runs on.
    var machine: any Machine
    /// Lets the user stop what runs.
    var interruption: Interruption
    /// The time since the program began.
    var elapsed: @Sendable () -> Duration

    /// The argument at a position; the parser has checked that it is there.
    func argument(_ position: Int) -> String? { arguments.indices.contains(position) ? arguments[position] : nil }

    /// Prints an object, when objects are wanted.
    func print(_ json: JSON) {
        if settings.isJSON { console.print(json.line + "\n") }
    }

    /// Prints text for people, unless they want objects or silence.
    func print(_ text: String) {
        if !settings.isJSON, !settings.isQuiet { console.print(text) }
    }
}

/// How a command ended.
struct Ending: Sendable, Equatable {
    /// What went wrong; `nil` when nothing did.
    var failure: Failure?
    /// The last line of `--json`; `nil` for commands that print one document.
    var finalLine: FinalLine?

    /// It worked, and there is nothing to add.
    static let success = Ending()
}
