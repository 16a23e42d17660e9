// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletPorts
internal import MartletWire

/// The document that describes the API to programs, made of the routes themselves.
///
/// Source: <https://spec.openapis.org/oas/v3.1.0>
package enum APIDocument {
    /// The routes, and the one that serves their document, itself included.
    ///
    /// - Parameter version: Martlet's.
    /// - Throws: never for documents that can be written as JSON, which is all of them.
    package static func serving(_ routes: [Route], version: String) throws -> [Route] {
        var own = Route(
            "GET", "/openapi.json",
            Operation(
                "getDocument", "This document.", answers: [.init(200, "OpenAPI 3.1.", .bytes("application/json"))])
        ) { _ in HTTPResponse(status: 500) }
        let bytes = try JSONText.bytes(json(of: routes + [own], version: version))
        own.answer = { _ in
            HTTPResponse(status: 200, headers: ["Content-Type": MediaType.json], body: .bytes(bytes))
        }
        return routes + [own]
    }

    /// The document.
    static func json(of routes: [Route], version: String) -> JSONValue {
        var paths: [String: [String: JSONValue]] = [:]
        for route in routes {
            paths[route.pattern.documented, default: [:]][route.method.lowercased()] = json(of: route)
        }
        let access: JSONValue = ["type": "http", "scheme": "bearer"]
        return [
            "openapi": "3.1.0",
            "info": [
                "title": "Martlet", "version": .text(version),
                "description": "Jobs, workers and events of a Martlet coordinator.",
                "license": ["name": "Apache-2.0", "identifier": "Apache-2.0"],
            ],
            "paths": .object(paths.mapValues { .object($0) }),
            "components": [
                "schemas": .object(APISchemas.all.mapValues(\.json)),
                "securitySchemes": [
                    "token": access,
                    "query": ["type": "apiKey", "in": "query", "name": "access_token"],
                ],
            ],
        ]
    }

    private static func json(of route: Route) -> JSONValue {
        let operation = route.operation
        var json: [String: JSONValue] = [
            "operationId": .text(operation.name), "summary": .text(operation.summary),
            "responses": responses(of: operation), "security": security(of: route.access),
        ]
        let parameters =
            route.pattern.parameterNames.map { name in
                ["name": .text(name), "in": "path", "required": true, "schema": ["type": "string", "minLength": 1]]
            } + operation.fields.map(parameter)
        if !parameters.isEmpty { json["parameters"] = .array(parameters) }
        if let body = operation.body { json["requestBody"] = ["required": true, "content": content(body)] }
        return .object(json)
    }

    private static func responses(of operation: Operation) -> JSONValue {
        var responses: [String: JSONValue] = [
            "default": [
                "description": "It could not be done.",
                "content": .object([Problem.mediaType: ["schema": Schema.named("Problem").json]]),
            ]
        ]
        for answer in operation.answers {
            var json: [String: JSONValue] = ["description": .text(answer.summary)]
            json["content"] = answer.content.map(content)
            responses["\(answer.status)"] = .object(json)
        }
        return .object(responses)
    }

    private static func security(of access: Route.Access) -> JSONValue {
        switch access {
        case .open: []
        case .token: [["token": []]]
        case .tokenOrQuery: [["token": []], ["query": []]]
        }
    }

    private static func parameter(_ field: Operation.Field) -> JSONValue {
        let schema: JSONValue =
            switch field.kind {
            case .text: Schema.text.json
            case .integer(let range):
                ["type": "integer", "minimum": .integer(range.lowerBound), "maximum": .integer(range.upperBound)]
            case .oneOf(let names): Schema.oneOf(names).json
            }
        return [
            "name": .text(field.name), "in": field.isHeader ? "header" : "query",
            "required": .boolean(field.isRequired),
            "description": .text(field.summary), "schema": schema,
        ]
    }

    private static func content(_ content: Operation.Content) -> JSONValue {
        switch content {
        case .json(let name): ["application/json": ["schema": Schema.named(name).json]]
        case .jsonArray(let name): ["application/json": ["schema": Schema.array(.named(name)).json]]
        case .bytes(let type): .object([type: .object([:])])
        }
    }
}
