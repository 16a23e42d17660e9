// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel
package import MartletPorts
internal import MartletWire

/// Finds the route for each request, asks who is there, and turns errors into problems.
package struct Router: HTTPHandler {
    /// What became of one request.
    package struct Record: Sendable, Equatable {
        /// The route's pattern; `(none)` where no route fits, so that strangers cannot make up new names.
        package var route: String
        package var method: String
        package var status: Int
        /// From the request's header to the answer's.
        package var duration: Duration

        /// The route of requests that fit none.
        package static let noRoute = "(none)"

        /// Makes a record.
        package init(route: String, method: String, status: Int, duration: Duration) {
            self.route = route
            self.method = method
            self.status = status
            self.duration = duration
        }
    }

    /// All routes, the more exact before the less exact.
    package let routes: [Route]
    private let door: Door
    private let time: any TimeSource
    private let record: @Sendable (Record) -> Void

    /// Makes a router.
    ///
    /// - Parameters:
    ///   - routes: from all places; no two may have the same method and pattern.
    ///   - door: who may ask.
    ///   - record: called once a request, from any thread.
    package init(
        _ routes: [Route], door: Door, time: any TimeSource, record: @escaping @Sendable (Record) -> Void = { _ in }
    ) {
        var known: Set<String> = []
        for route in routes {
            let isNew = known.insert("\(route.method) \(route.pattern.documented)").inserted
            precondition(isNew, "Two routes answer \(route.method) \(route.pattern)")
        }
        self.routes = routes.sorted { $1.pattern.exactness.lexicographicallyPrecedes($0.pattern.exactness) }
        self.door = door
        self.time = time
        self.record = record
    }

    package func respond(to request: HTTPRequest) async -> HTTPResponse {
        let start = time.now()
        var found = Record(route: Record.noRoute, method: request.method, status: 0, duration: .zero)
        var response: HTTPResponse
        do {
            response = try await answer(request, noting: &found)
        } catch {
            let status = Self.status(of: error)
            response = .problem(error, status: status, instance: request.path)
        }
        if request.method == "HEAD" { response.dropEndlessBody() }
        found.status = response.status
        found.duration = time.now() - start
        record(found)
        return response
    }

    private func answer(_ request: HTTPRequest, noting found: inout Record) async throws -> HTTPResponse {
        guard let segments = PathSegments.split(request.path) else {
            try door.check(request, for: .token)
            throw APIError(.badPath, "The path \(request.path) is not one that is served.")
        }
        var fitting: [(route: Route, parameters: [String: String])] = []
        for route in routes {
            if let parameters = route.pattern.match(segments) { fitting.append((route, parameters)) }
        }
        let hit =
            fitting.first { $0.route.method == request.method }
            ?? (request.method == "HEAD" ? fitting.first { $0.route.method == "GET" } : nil)
        try door.check(request, for: hit?.route.access ?? .token)
        guard let hit else {
            guard !fitting.isEmpty else { throw APIError(.notFound, "There is nothing at \(request.path).") }
            throw APIError.methodNotAllowed(request.method, allowed: Self.methods(of: fitting.map(\.route)))
        }
        found.route = hit.route.pattern.description
        return try await hit.route.answer(RoutedRequest(request, parameters: hit.parameters))
    }

    /// The methods that a path takes, with `HEAD` wherever there is `GET`.
    private static func methods(of routes: [Route]) -> [String] {
        var methods = Set(routes.map(\.method))
        if methods.contains("GET") { methods.insert("HEAD") }
        return methods.sorted()
    }

    /// The HTTP status that says best what an error says.
    static func status(of error: any Error) -> Int {
        if let error = error as? APIError { return error.status }
        if error is CancellationError { return 503 }
        guard let error = error as? any CodedError else { return 500 }
        switch error.codeName {
        case CoordinatorError.Code.unknownJob.rawValue, CoordinatorError.Code.unknownWorker.rawValue: return 404
        case CoordinatorError.Code.wrongState.rawValue, CoordinatorError.Code.outputExists.rawValue,
            CoordinatorError.Code.outputBusy.rawValue:
            return 409
        case CoordinatorError.Code.badPath.rawValue: return 400
        case CoordinatorError.Code.staleLease.rawValue: return 410
        case CoordinatorError.Code.sourceChanged.rawValue: return 412
        default: break
        }
        switch error.exitStatus {
        case .usage: return 400
        case .badInput: return 422
        case .writeFailed: return 507
        case .clusterUnavailable: return 503
        case .success, .jobFailed, .verificationFailed, .interrupted: return 500
        }
    }
}

extension HTTPResponse {
    /// An answer to `HEAD` has a length and no body; the server sees to it where the length is known.
    fileprivate mutating func dropEndlessBody() {
        switch body {
        case .none, .bytes, .file: break
        case .stream, .webSocket, .heardWebSocket: body = .none
        }
    }
}
