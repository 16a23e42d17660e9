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
    /// The environment.
    var environment: [String: String]
    /// Makes the engine; called once, by commands that need it.
    var makeEngine: @Sendable (Settings) throws -> any Engine
    /// Makes what runs parts of a cluster; called once, by commands that need it.
    var makeCluster: @Sendable (Settings) throws -> any ClusterEngine
    /// What it runs on.
    var machine: any Machine
    /// How it reaches other machines.
    var network: Network
    /// Lets the user stop what runs.
    var interruption: Interruption
    /// The time since the program began.
    var elapsed: @Sendable () -> Duration

    /// The argument at a position; the parser has checked that it is there.
    func argument(_ position: Int) -> String? { arguments.indices.contains(position) ? arguments[position] : nil }

    /// The coordinator that the options name.
    ///
    /// - Throws: `CommandLineError`, when what they say cannot be used.
    func client() throws -> ClusterClient {
        let connection = try Connection(settings.connection)
        return ClusterClient(connection: connection, caller: try network.makeCaller(connection))
    }

    /// The room for tables; `nil` where there is no terminal.
    var tableWidth: Int? { console.isTerminal ? console.width : nil }

    /// How progress is told.
    var reportingStyle: ProgressReporter.Style {
        if settings.isJSON { return .json }
        if settings.isQuiet { return .quiet }
        return console.isTerminal ? .live : .lines
    }

    /// Tells how far a file is on its way.
    func transfer(_ direction: TransferReporter.Direction, _ name: String, total: Int64) -> TransferReporter {
        TransferReporter(console: console, style: reportingStyle, direction, name, total: total, now: elapsed)
    }

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
