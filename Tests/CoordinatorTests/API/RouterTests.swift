// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPorts
import MartletTestKit
import MartletWire
import Synchronization
import Testing

@testable import MartletCoordinator

@Suite("Router")
struct RouterTests {
    private let clock = ManualClock()

    private static func route(
        _ method: String, _ pattern: String, access: Route.Access = .token, _ answer: @escaping Route.Answer
    ) -> Route {
        Route(method, pattern, access: access, Operation("test", "Test.", answers: []), answer: answer)
    }

    /// Answers with its own pattern and the parameters.
    private static func echo(_ method: String, _ pattern: String, access: Route.Access = .token) -> Route {
        route(method, pattern, access: access) { request in
            let parameters = request.parameters.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            let text = ([pattern] + parameters).joined(separator: " ")
            return HTTPResponse(status: 200, body: .bytes(Array(text.utf8)))
        }
    }

    private func caller(_ routes: [Route], tokens: AccessTokens? = nil) -> Caller {
        Caller(handler: Router(routes, door: Door(tokens: tokens, time: clock), time: clock))
    }

    @Test("Parameters are decoded, and the more exact pattern wins")
    func parameters() async throws {
        let caller = caller([
            Self.echo("GET", "/a/{id}"), Self.echo("GET", "/a/fixed"), Self.echo("GET", "/a/{id}/b/{other}"),
            Self.echo("GET", "/files/{path...}"), Self.echo("DELETE", "/a/{id}"),
        ])
        #expect(try await caller.call("GET", "/a/x%20%C3%A9+y").text() == "/a/{id} id=x é+y")
        #expect(try await caller.call("GET", "/a/fixed").text() == "/a/fixed")
        #expect(try await caller.call("DELETE", "/a/fixed").text() == "/a/{id} id=fixed")
        #expect(try await caller.call("GET", "/a/1/b/2").text() == "/a/{id}/b/{other} id=1 other=2")
        #expect(try await caller.call("GET", "/files/x/y%3F/z").text() == "/files/{path...} path=x/y?/z")
        for path in ["/", "/a", "/a/", "/a//b/2", "/files", "/files/", "/files/x//y", "/a/1/b/2/", "//a/1"] {
            #expect(await caller.call("GET", path).status == 404, "\(path)")
        }
    }

    @Test(
        "What could lead elsewhere is refused before any handler sees it",
        arguments: [
            "/files/../x", "/files/./x", "/files/%2e%2E/x", "/files/.%2e", "/files/a%2Fb", "/files/a%00",
            "/files/a%0ab",
            "/files/%zz", "/files/%4", "/files/%ff", "files/x", "", "/files/%C0%AE",
        ])
    func badPaths(path: String) async throws {
        let caller = caller([Self.echo("GET", "/files/{path...}"), Self.echo("GET", "/{any}")])
        let answer = await caller.call("GET", path)
        #expect(answer.status == 400)
        #expect(try answer.problem().code == "api.bad_path")
    }

    @Test("A path that takes other methods says which")
    func methods() async throws {
        let caller = caller([Self.echo("GET", "/a/{id}"), Self.echo("PATCH", "/a/{id}"), Self.echo("POST", "/a/b")])
        let answer = await caller.call("PUT", "/a/b")
        #expect(answer.status == 405)
        #expect(answer.headers["Allow"] == "GET, HEAD, PATCH, POST")
        #expect(try answer.problem().code == "api.method_not_allowed")
        #expect(await caller.call("POST", "/a/c").headers["Allow"] == "GET, HEAD, PATCH")
    }

    @Test("HEAD is answered by GET, without an endless body")
    func head() async throws {
        let caller = caller([
            Self.echo("GET", "/a"),
            Self.route("GET", "/stream") { _ in HTTPResponse(status: 200, body: .stream(EmptyBody())) },
        ])
        #expect(try await caller.call("HEAD", "/a").text() == "/a")
        let stream = await caller.call("HEAD", "/stream")
        #expect(stream.status == 200)
        guard case .none = stream.body else {
            Issue.record("a body")
            return
        }
    }

    @Test("What a handler throws becomes a problem with code, status and field")
    func problems() async throws {
        struct Strange: Error {}
        let errors: [(any Error, Int, String)] = [
            (CoordinatorError(.unknownJob, "No."), 404, "coordinator.unknown_job"),
            (CoordinatorError(.unknownWorker, "No."), 404, "coordinator.unknown_worker"),
            (CoordinatorError(.wrongState, "No."), 409, "coordinator.wrong_state"),
            (CoordinatorError(.badPath, "No."), 400, "coordinator.bad_path"),
            (CoordinatorError(.noSpace, "No."), 507, "coordinator.no_space"),
            (APIError(.tooLarge, "No."), 413, "api.too_large"),
            (CancellationError(), 503, "api.failed"),
            (Strange(), 500, "api.failed"),
        ]
        for (error, status, code) in errors {
            let answer = await caller([Self.route("GET", "/a") { _ in throw error }]).call("GET", "/a")
            let problem = try answer.problem()
            #expect(answer.status == status, "\(error)")
            #expect(problem.code == code)
            // Waiting helps a full disk, and one that waits for its coordinator.
            #expect(problem.retryable == [507, 503, 500].contains(status))
            #expect(problem.type == "about:blank")
            #expect(problem.instance == "/a")
            #expect(!problem.title.isEmpty && !problem.detail.isEmpty && !problem.detail.contains("Strange"))
        }
        let field = await caller([Self.route("GET", "/a") { _ in throw APIError.badField("limit", "no.") }])
            .call("GET", "/a")
        #expect(try field.problem().field == "limit")
    }

    @Test("With a token configured, only open routes answer without one")
    func tokens() async throws {
        let caller = caller(
            [
                Self.echo("GET", "/open", access: .open), Self.echo("GET", "/closed"),
                Self.echo("GET", "/events", access: .tokenOrQuery),
            ], tokens: AccessTokens("secret"))
        #expect(await caller.call("GET", "/open").status == 200)
        #expect(await caller.call("HEAD", "/open").status == 200)
        let bearer: HTTPHeaders = ["authorization": "bearer secret"]
        #expect(await caller.call("GET", "/closed", headers: bearer).status == 200)
        #expect(await caller.call("GET", "/events?access_token=secret").status == 200)
        // Neither what exists nor what can be done is told to strangers.
        for (method, path) in [
            ("GET", "/closed"), ("GET", "/nothing"), ("POST", "/closed"), ("GET", "/closed?access_token=secret"),
            ("POST", "/open"), ("GET", "/../x"), ("GET", "/events"), ("GET", "/events?access_token=secre"),
        ] {
            let answer = await caller.call(method, path)
            #expect(answer.status == 401, "\(method) \(path)")
            #expect(answer.headers["WWW-Authenticate"]?.hasPrefix("Bearer") == true)
            #expect(try answer.problem().code == "api.unauthorized")
        }
        for wrong in [
            "Bearer secrets", "Bearer ", "Bearer", "Basic secret", "secret", "Bearer SECRET", "Bearer secretsecret",
        ] {
            let answer = await caller.call("GET", "/closed", headers: ["Authorization": wrong])
            #expect(answer.status == 401, "\(wrong)")
        }
    }

    @Test("Every request is recorded once, under its pattern")
    func records() async {
        let records = Mutex<[Router.Record]>([])
        let clock = clock
        let router = Router(
            [
                Self.route("GET", "/a/{id}") { _ in
                    clock.advance(by: .milliseconds(5))
                    return HTTPResponse(status: 202)
                }
            ], door: Door(tokens: nil, time: clock), time: clock
        ) { record in records.withLock { $0.append(record) } }
        let caller = Caller(handler: router)
        _ = await caller.call("GET", "/a/1")
        _ = await caller.call("GET", "/b")
        #expect(
            records.withLock { $0 } == [
                Router.Record(route: "/a/{id}", method: "GET", status: 202, duration: .milliseconds(5)),
                Router.Record(route: "(none)", method: "GET", status: 404, duration: .zero),
            ])
    }
}
