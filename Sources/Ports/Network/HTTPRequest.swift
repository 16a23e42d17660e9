// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// One HTTP request, as whoever answers it sees it.
package struct HTTPRequest: Sendable {
    /// The method, in upper case.
    package var method: String
    /// The path as it came, percent-encoded, without the query; starts with `/`.
    package var path: String
    /// The query's fields, decoded, in order; a field without `=` has an empty value.
    package var query: [(name: String, value: String)]
    /// The header's fields, in order.
    package var headers: HTTPHeaders
    /// The body; may be read once.
    package var body: any HTTPBody
    /// The address of the other end, without a port, such as `127.0.0.1`.
    package var peer: String
    /// Whether it came over TLS.
    package var isSecure: Bool
    /// The common name in the other end's verified TLS certificate; `nil` without one.
    package var clientName: String?

    /// Makes a request from its parts.
    package init(
        method: String, path: String, query: [(name: String, value: String)] = [],
        headers: HTTPHeaders = HTTPHeaders(), body: any HTTPBody = EmptyBody(), peer: String = "127.0.0.1",
        isSecure: Bool = false, clientName: String? = nil
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
        self.peer = peer
        self.isSecure = isSecure
        self.clientName = clientName
    }

    /// The first value of a query's field; `nil` when it is not there.
    package func query(_ name: String) -> String? { query.first { $0.name == name }?.value }
}

/// The fields of a header, in order; names are compared without regard to case.
package struct HTTPHeaders: Sendable, Equatable, ExpressibleByDictionaryLiteral {
    /// One field.
    package struct Field: Sendable, Equatable {
        /// Its name.
        package var name: String
        /// Its value.
        package var value: String
    }

    /// All fields.
    package private(set) var fields: [Field] = []

    /// Makes an empty header.
    package init() {}

    package init(dictionaryLiteral elements: (String, String)...) {
        fields = elements.map { Field(name: $0.0, value: $0.1) }
    }

    /// Adds a field.
    package mutating func add(_ name: String, _ value: String) { fields.append(Field(name: name, value: value)) }

    /// The first value of a field. Setting replaces all of that name; `nil` removes them.
    package subscript(_ name: String) -> String? {
        get { fields.first { $0.name.lowercased() == name.lowercased() }?.value }
        set {
            fields.removeAll { $0.name.lowercased() == name.lowercased() }
            if let newValue { add(name, newValue) }
        }
    }
}

/// The body of a message, a block at a time.
package protocol HTTPBody: Sendable {
    /// The next bytes; `nil` at the end. The sender is held back while nobody asks.
    ///
    /// - Throws: when the connection broke before the end.
    func next() async throws -> [UInt8]?
}

/// No body.
package struct EmptyBody: HTTPBody {
    /// Makes it.
    package init() {}
    package func next() async throws -> [UInt8]? { nil }
}

extension HTTPBody {
    /// All bytes; `nil` when there are more than `limit`.
    package func collected(upTo limit: Int) async throws -> [UInt8]? {
        var bytes: [UInt8] = []
        while let block = try await next() {
            guard bytes.count + block.count <= limit else { return nil }
            bytes += block
        }
        return bytes
    }
}
