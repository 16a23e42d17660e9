// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletPorts
internal import MartletWire

extension RoutedRequest {
    /// The most bytes of a JSON body.
    static let bodyLimit = 1 << 20

    /// The body, read as JSON; keys that nobody knows are passed over.
    ///
    /// - Throws: `APIError` `tooLarge`, `badJSON`, or `badField` with the field's name.
    package func json<Value: Decodable>(_ type: Value.Type) async throws -> Value {
        let announced = request.headers["Content-Length"].flatMap { Int64($0) } ?? 0
        guard announced <= Self.bodyLimit, let bytes = try await request.body.collected(upTo: Self.bodyLimit) else {
            throw APIError(.tooLarge, "The body is larger than \(Self.bodyLimit) bytes.")
        }
        do {
            return try JSONText.value(type, from: bytes)
        } catch let error as DecodingError {
            throw Self.explained(error)
        }
    }

    /// A number of the query within a range; `missing` when it is not there.
    func integer(_ name: String, in range: ClosedRange<Int>, missing: Int) throws -> Int {
        guard let text = request.query(name) else { return missing }
        guard let number = Int(text), range.contains(number) else {
            throw APIError.badField(name, "a whole number from \(range.lowerBound) to \(range.upperBound) is wanted.")
        }
        return number
    }

    /// One of the names of an enumeration in the query; `nil` when it is not there.
    func choice<Value: RawRepresentable & CaseIterable>(_ name: String, _ type: Value.Type) throws -> Value?
    where Value.RawValue == String {
        guard let text = request.query(name) else { return nil }
        guard let value = Value(rawValue: text) else {
            let names = Value.allCases.map(\.rawValue).joined(separator: ", ")
            throw APIError.badField(name, "one of \(names) is wanted.")
        }
        return value
    }

    private static func explained(_ error: DecodingError) -> APIError {
        switch error {
        case .keyNotFound(let key, let context):
            return .badField(name(context.codingPath + [key]), "it is missing.")
        case .valueNotFound(_, let context):
            return .badField(name(context.codingPath), "it must not be null.")
        case .typeMismatch(let type, let context):
            return .badField(name(context.codingPath), "\(kind(of: type)) is wanted.")
        case .dataCorrupted(let context):
            guard context.codingPath.isEmpty else {
                return .badField(name(context.codingPath), context.debugDescription)
            }
            return APIError(.badJSON, "The body is no JSON: \(context.debugDescription)")
        @unknown default:
            return APIError(.badJSON, "The body is not what is wanted here.")
        }
    }

    /// A field's name as people write it: `params.options.crf`, `hw_accel[2]`; `body` for the whole.
    private static func name(_ path: [any CodingKey]) -> String {
        let name = path.reduce(into: "") { name, key in
            if let number = key.intValue {
                name += "[\(number)]"
            } else {
                name += (name.isEmpty ? "" : ".") + key.stringValue
            }
        }
        return name.isEmpty ? "body" : name
    }

    private static func kind(of type: any Any.Type) -> String {
        switch type {
        case is String.Type: "text"
        case is Bool.Type: "true or false"
        case is Int.Type, is Int64.Type: "a whole number"
        case is Double.Type: "a number"
        case _ where "\(type)".hasPrefix("Array"): "a list"
        default: "an object"
        }
    }
}
