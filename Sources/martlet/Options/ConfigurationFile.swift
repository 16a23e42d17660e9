// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import FoundationEssentials

/// A JSON object that sets options: keys are their names with `_` for `-`,
/// values are texts, numbers, `true`, `false`, or lists of these.
enum ConfigurationFile {
    /// One key and what it says, as it would be typed.
    struct Entry: Sendable, Equatable {
        /// The key.
        var key: String
        /// Its values: one, or those of the list.
        var values: [String]
    }

    /// Reads a file.
    ///
    /// - Throws: `CommandLineError` when the file cannot be read or is no JSON object of that form.
    static func read(_ path: String) throws -> [Entry] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw CommandLineError(
                .badConfiguration, "The configuration file \(path) cannot be read.",
                advice: "Check its path and its permissions.")
        }
        return try entries(of: data, named: path)
    }

    /// Reads the content of a file; the name is for messages.
    static func entries(of data: Data, named path: String) throws -> [Entry] {
        let values: [String: Value]
        do {
            values = try JSONDecoder().decode([String: Value].self, from: data)
        } catch {
            throw CommandLineError(
                .badConfiguration, "The configuration file \(path) is not a JSON object of options.",
                advice: "Write it as {\"codec\": \"av1\", \"preset\": 8, \"overwrite\": true}.")
        }
        return values.sorted { $0.key < $1.key }.compactMap { key, value in
            value.texts.map { Entry(key: key, values: $0) }
        }
    }

    /// A JSON value as the texts that would be typed.
    private struct Value: Decodable {
        /// `nil` for `null`, which says nothing.
        var texts: [String]?

        init(from decoder: any Decoder) throws {
            if var list = try? decoder.unkeyedContainer() {
                var texts: [String] = []
                while !list.isAtEnd { texts.append(try list.decode(Scalar.self).text) }
                self.texts = texts
            } else {
                let single = try decoder.singleValueContainer()
                texts = single.decodeNil() ? nil : [try single.decode(Scalar.self).text]
            }
        }
    }

    private struct Scalar: Decodable {
        var text: String

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let bool = try? container.decode(Bool.self) {
                text = bool ? "true" : "false"
            } else if let integer = try? container.decode(Int64.self) {
                text = "\(integer)"
            } else if let number = try? container.decode(Double.self) {
                text = "\(number)"
            } else {
                text = try container.decode(String.self)
            }
        }
    }
}
