// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// One option of a command line, declared once: the parser, the environment,
/// the configuration file, help, completions and the manual all go by it.
struct Option: Sendable {
    /// The headings under which options stand in help.
    enum Group: String, Sendable, CaseIterable {
        case picture = "Picture"
        case sound = "Sound and everything else"
        case segments = "Segments and speed"
        case job = "Job and files"
        case list = "List"
        case service = "Service"
        case files = "Files"
        case cluster = "Jobs and workers"
        case access = "Access"
        case measurement = "Measurement"
        case coordinator = "Coordinator"
        case common = "Common"
    }

    /// What a shell offers for a value.
    enum Completion: Sendable { case nothing, choices, file, directory }

    /// The long name, without dashes.
    let name: String
    /// The one-letter name.
    let short: Character?
    /// The name of its value; `nil` for a flag.
    let valueName: String?
    /// What is wanted as value.
    let expected: String
    /// The values, where they can be listed.
    let choices: [String]
    /// What a shell offers as value.
    let completion: Completion
    /// Where it stands in help.
    let group: Group
    /// What it does, in one or two sentences.
    let help: String
    /// What holds when nothing is said; `nil` when help says it.
    let defaultText: String?
    /// Whether it may be given several times.
    let isRepeatable: Bool
    /// Puts a value into the settings; `false` when the text is no value.
    let apply: @Sendable (String, inout Settings) -> Bool

    /// Whether it stands without a value.
    var isFlag: Bool { valueName == nil }
    /// The name of the environment variable that sets it.
    var environmentName: String { "MARTLET_" + configurationKey.uppercased() }
    /// The key that sets it in a configuration file.
    var configurationKey: String { String(name.map { $0 == "-" ? "_" : $0 }) }

    /// Declares an option with a value.
    init<Value>(
        _ name: String, _ form: ValueForm<Value>, _ group: Group, _ help: String, default defaultText: String? = nil,
        into path: any WritableKeyPath<Settings, Value> & Sendable
    ) {
        self.init(name, form, group, help, default: defaultText) { $1[keyPath: path] = $0 }
    }

    /// Declares an option with a value that is `nil` by default.
    init<Value>(
        _ name: String, _ form: ValueForm<Value>, _ group: Group, _ help: String, default defaultText: String? = nil,
        into path: any WritableKeyPath<Settings, Value?> & Sendable
    ) {
        self.init(name, form, group, help, default: defaultText) { $1[keyPath: path] = $0 }
    }

    /// Declares an option that may be given several times.
    init<Value>(
        _ name: String, _ form: ValueForm<Value>, _ group: Group, _ help: String,
        appendingTo path: any WritableKeyPath<Settings, [Value]> & Sendable
    ) {
        self.init(name, form, group, help, isRepeatable: true) { $1[keyPath: path].append($0) }
    }

    /// Declares a flag.
    init(
        flag name: String, short: Character? = nil, _ group: Group, _ help: String,
        into path: any WritableKeyPath<Settings, Bool> & Sendable
    ) {
        self.name = name
        self.short = short
        self.valueName = nil
        self.expected = "true or false"
        self.choices = ["true", "false"]
        self.completion = .nothing
        self.group = group
        self.help = help
        self.defaultText = nil
        self.isRepeatable = false
        self.apply = { text, settings in
            switch text.lowercased() {
            case "true", "1", "yes", "on": settings[keyPath: path] = true
            case "false", "0", "no", "off": settings[keyPath: path] = false
            default: return false
            }
            return true
        }
    }

    private init<Value>(
        _ name: String, _ form: ValueForm<Value>, _ group: Group, _ help: String, default defaultText: String? = nil,
        isRepeatable: Bool = false, set: @escaping @Sendable (Value, inout Settings) -> Void
    ) {
        self.name = name
        self.short = nil
        self.valueName = form.valueName
        self.expected = form.expected
        self.choices = form.choices
        self.completion = form.completion
        self.group = group
        self.help = help
        self.defaultText = defaultText
        self.isRepeatable = isRepeatable
        self.apply = { text, settings in
            guard let value = form.read(text) else { return false }
            set(value, &settings)
            return true
        }
    }
}
