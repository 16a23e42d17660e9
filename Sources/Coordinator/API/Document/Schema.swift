// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletWire

/// What a JSON value looks like, as OpenAPI 3.1 says it.
indirect enum Schema: Sendable, Hashable {
    case text
    /// Text with at least one character and at most so many.
    case shortText(upTo: Int64)
    case boolean
    case number
    case integer
    case oneOf([String])
    case array(Schema)
    /// An object with any keys.
    case map(Schema)
    /// A value of an option: text, or bare where it is a number or a truth.
    case typed
    /// A schema by its name.
    case named(String)
    case object([Property])

    /// One key of an object.
    struct Property: Sendable, Hashable {
        var name: String
        var schema: Schema
        /// Whether it is always there.
        var isRequired: Bool
        /// Whether `null` may stand for nothing; for what is read.
        var isNullable: Bool
    }

    /// A key that is always there.
    static func always(_ name: String, _ schema: Schema) -> Property {
        Property(name: name, schema: schema, isRequired: true, isNullable: false)
    }

    /// A key that is left out where there is nothing to say.
    static func maybe(_ name: String, _ schema: Schema) -> Property {
        Property(name: name, schema: schema, isRequired: false, isNullable: false)
    }

    /// A key that a sender may leave out, or set to `null`.
    static func optional(_ name: String, _ schema: Schema) -> Property {
        Property(name: name, schema: schema, isRequired: false, isNullable: true)
    }

    /// The JSON of the schema.
    var json: JSONValue {
        switch self {
        case .text: ["type": "string"]
        case .shortText(let most): ["type": "string", "minLength": 1, "maxLength": .integer(most)]
        case .boolean: ["type": "boolean"]
        case .number: ["type": "number"]
        case .typed: ["type": ["string", "number", "boolean"]]
        case .integer: ["type": "integer"]
        case .oneOf(let names): ["type": "string", "enum": .array(names.map { .text($0) })]
        case .array(let items): ["type": "array", "items": items.json]
        case .map(let values): ["type": "object", "additionalProperties": values.json]
        case .named(let name): ["$ref": .text("#/components/schemas/\(name)")]
        case .object(let properties): Self.json(of: properties)
        }
    }

    private static func json(of properties: [Property]) -> JSONValue {
        let members = properties.map { property in
            (
                property.name,
                property.isNullable ? ["anyOf": [property.schema.json, ["type": "null"]]] : property.schema.json
            )
        }
        let required = properties.filter(\.isRequired).map { JSONValue.text($0.name) }
        var json: [String: JSONValue] = ["type": "object", "properties": .object(Dictionary(members) { $1 })]
        if !required.isEmpty { json["required"] = .array(required) }
        return .object(json)
    }
}
