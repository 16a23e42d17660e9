// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// What the API's document says about a route.
package struct Operation: Sendable {
    /// What a message carries.
    package enum Content: Sendable, Hashable {
        /// JSON; the schema's name.
        case json(String)
        /// A JSON array; the name of its items' schema.
        case jsonArray(String)
        /// Anything else, by its media type.
        case bytes(String)
    }

    /// A field of the query or of the header.
    package struct Field: Sendable, Hashable {
        /// What its value is.
        package enum Kind: Sendable, Hashable {
            case text
            case integer(ClosedRange<Int64>)
            case oneOf([String])
        }

        package var name: String
        package var kind: Kind
        /// What it does.
        package var summary: String
        /// Whether it stands in the header instead of the query.
        package var isHeader: Bool
        /// Whether the request is refused without it.
        package var isRequired: Bool

        /// Makes a field.
        package init(
            _ name: String, _ kind: Kind = .text, _ summary: String, isHeader: Bool = false, isRequired: Bool = false
        ) {
            self.name = name
            self.kind = kind
            self.summary = summary
            self.isHeader = isHeader
            self.isRequired = isRequired
        }
    }

    /// An answer that is no problem.
    package struct Answer: Sendable, Hashable {
        package var status: Int
        package var summary: String
        package var content: Content?

        /// Makes an answer.
        package init(_ status: Int, _ summary: String, _ content: Content? = nil) {
            self.status = status
            self.summary = summary
            self.content = content
        }
    }

    /// Its name, one word for programs.
    package var name: String
    /// One sentence.
    package var summary: String
    /// Fields of query and header.
    package var fields: [Field]
    /// What is sent; `nil` for nothing.
    package var body: Content?
    /// What is answered, besides problems.
    package var answers: [Answer]

    /// Makes it.
    package init(
        _ name: String, _ summary: String, fields: [Field] = [], body: Content? = nil, answers: [Answer]
    ) {
        self.name = name
        self.summary = summary
        self.fields = fields
        self.body = body
        self.answers = answers
    }
}
