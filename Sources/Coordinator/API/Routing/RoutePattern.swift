// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// The paths that a route answers, such as `/api/v1/jobs/{id}/tasks`.
///
/// `{name}` stands for one part that is not empty, `{name...}` at the end for one part or more.
package struct RoutePattern: Sendable, Hashable, CustomStringConvertible {
    /// One part of a pattern.
    enum Part: Sendable, Hashable {
        case literal(String)
        case parameter(String)
        case rest(String)
    }

    /// As it was written.
    package let description: String
    let parts: [Part]

    /// Reads a pattern. It must begin with `/`; only its last part may stand for several.
    package init(_ text: String) {
        precondition(text.hasPrefix("/"), "\(text) does not begin with /")
        description = text
        parts = text.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map { part in
            guard part.hasPrefix("{"), part.hasSuffix("}") else { return .literal(String(part)) }
            let name = part.dropFirst().dropLast()
            return name.hasSuffix("...") ? .rest(String(name.dropLast(3))) : .parameter(String(name))
        }
        precondition(
            !parts.dropLast().contains { if case .rest = $0 { true } else { false } }, "\(text) goes on after its rest")
    }

    /// The names of the parameters, in order.
    var parameterNames: [String] {
        parts.compactMap {
            switch $0 {
            case .literal: nil
            case .parameter(let name), .rest(let name): name
            }
        }
    }

    /// As OpenAPI writes it: without dots.
    var documented: String { description.replacing("...}", with: "}") }

    /// How exact it is, part by part, compared from the left: literals before parameters before rests.
    var exactness: [Int] {
        parts.map {
            switch $0 {
            case .literal: 2
            case .parameter: 1
            case .rest: 0
            }
        }
    }

    /// The parameters of a path that fits; `nil` when it does not.
    func match(_ segments: [String]) -> [String: String]? {
        var parameters: [String: String] = [:]
        for (position, part) in parts.enumerated() {
            guard position < segments.count else { return nil }
            switch part {
            case .literal(let text):
                guard segments[position] == text else { return nil }
            case .parameter(let name):
                guard !segments[position].isEmpty else { return nil }
                parameters[name] = segments[position]
            case .rest(let name):
                let rest = segments[position...]
                guard rest.allSatisfy({ !$0.isEmpty }) else { return nil }
                parameters[name] = rest.joined(separator: "/")
                return parameters
            }
        }
        return parts.count == segments.count ? parameters : nil
    }
}
