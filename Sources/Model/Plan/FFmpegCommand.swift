// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// The arguments of one run of ffmpeg, before anyone knows the paths.
///
/// Planning makes it, workers resolve it: so the same value runs on every
/// machine, and its text can be compared in tests. Thousands are held at a time,
/// so commands can have the end in common that is equal.
package struct FFmpegCommand: Sendable {
    /// One argument. Those that are rare are held by reference, so that a list of texts takes no more than its texts.
    package enum Argument: Sendable, Hashable {
        /// Taken as it is.
        case text(String)
        /// The source, as a `file:` URL argument, or as the `http:` URL of this machine's proxy.
        case source
        /// The path that the result is written to.
        case output
        /// The path that a filter writes the result to, as the value of one of its
        /// options, after `prefix` and before `suffix`.
        indirect case filterOutput(prefix: String, suffix: String)
        /// The path of another task's result, after `prefix`.
        indirect case artifact(TaskID, prefix: String)
    }

    /// The arguments, without the program's name and without the global ones
    /// that every run gets (`-nostdin`, `-progress`, ...).
    package var arguments: [Argument] { beginning + end }

    private var beginning: [Argument]
    /// The last arguments, where other commands hold the same ones.
    private var end: [Argument] = []

    /// Makes a command from its arguments.
    package init(_ arguments: [Argument]) { beginning = arguments }

    /// Holds the last arguments, as far as they are those of another command, together with it. Changes no argument.
    package mutating func share(with other: FFmpegCommand) {
        let (all, others) = (arguments, other.arguments)
        let common = zip(all.reversed(), others.reversed()).prefix { $0 == $1 }.count
        let isAsOther = !other.end.isEmpty && common >= other.end.count
        end = isAsOther ? other.end : Array(all.suffix(common))
        beginning = Array(all.dropLast(end.count))
    }

    /// The arguments with every path filled in.
    ///
    /// - Parameters:
    ///   - source: the source's path, or the URL under which this machine's proxy serves it.
    ///   - output: where the result goes.
    ///   - artifact: the path of another task's result.
    package func resolved(source: String, output: String, artifact: (TaskID) -> String) -> [String] {
        arguments.map { argument in
            switch argument {
            case .text(let text): text
            case .source: Self.isProxied(source) ? source : "file:" + source
            case .output: "file:" + output
            case .filterOutput(let prefix, let suffix): prefix + Self.filterValue(output) + suffix
            case .artifact(let task, let prefix): prefix + artifact(task)
            }
        }
    }

    /// Whether an argument or a source is a URL of this machine's proxy. Paths are absolute, and never begin like that.
    package static func isProxied(_ source: String) -> Bool { source.hasPrefix("http://127.0.0.1:") }

    /// A text as a filter's option takes it: one escape is undone by the reader
    /// of the graph, and one by the reader of the filter's options.
    ///
    /// Source: <https://ffmpeg.org/ffmpeg-filters.html#Notes-on-filtergraph-escaping>
    private static func filterValue(_ text: String) -> String {
        escaped(escaped(text, "\\': \t\n\r"), "\\'[],;")
    }

    private static func escaped(_ text: String, _ special: String) -> String {
        String(text.flatMap { special.contains($0) ? ["\\", $0] : [$0] })
    }
}

extension FFmpegCommand: Hashable {
    package static func == (left: FFmpegCommand, right: FFmpegCommand) -> Bool { left.arguments == right.arguments }

    package func hash(into hasher: inout Hasher) { hasher.combine(arguments) }
}

extension FFmpegCommand: Codable {
    private enum CodingKeys: CodingKey { case arguments }

    package init(from decoder: any Decoder) throws {
        self.init(try decoder.container(keyedBy: CodingKeys.self).decode([Argument].self, forKey: .arguments))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(arguments, forKey: .arguments)
    }
}

/// In JSON a text is a string, since nearly all arguments are texts, and every other argument an object with one key.
extension FFmpegCommand.Argument: Codable {
    /// Texts, too, were written like this once.
    private enum Keyed: Codable {
        case text(String)
        case source
        case output
        case filterOutput(prefix: String, suffix: String)
        case artifact(TaskID, prefix: String)
    }

    package init(from decoder: any Decoder) throws {
        if let text = try? decoder.singleValueContainer().decode(String.self) {
            self = .text(text)
            return
        }
        self =
            switch try Keyed(from: decoder) {
            case .text(let text): .text(text)
            case .source: .source
            case .output: .output
            case .filterOutput(let prefix, let suffix): .filterOutput(prefix: prefix, suffix: suffix)
            case .artifact(let task, let prefix): .artifact(task, prefix: prefix)
            }
    }

    package func encode(to encoder: any Encoder) throws {
        switch self {
        case .text(let text):
            var container = encoder.singleValueContainer()
            try container.encode(text)
        case .source: try Keyed.source.encode(to: encoder)
        case .output: try Keyed.output.encode(to: encoder)
        case .filterOutput(let prefix, let suffix):
            try Keyed.filterOutput(prefix: prefix, suffix: suffix).encode(to: encoder)
        case .artifact(let task, let prefix): try Keyed.artifact(task, prefix: prefix).encode(to: encoder)
        }
    }
}
