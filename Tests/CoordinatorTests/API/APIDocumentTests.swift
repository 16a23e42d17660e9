// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletHost
import MartletModel
import MartletTestKit
import MartletWire
import Testing

@testable import MartletCoordinator

@Suite("Document of the API")
struct APIDocumentTests {
    private let api: ClusterAPI

    init() throws {
        var configuration = ClusterAPI.Configuration(version: "1.2.3")
        configuration.uploads = SourceUploads.Place(directory: "/nowhere/a", unfinished: "/nowhere/b")
        let (clock, files) = (ManualClock(), LocalFiles())
        var surroundings = ClusterAPI.Surroundings(control: ScriptedControl(), files: files, time: clock)
        surroundings.plainWorkers = PlainWorkers(
            with: .init(
                caller: ScriptedCaller(), records: RecordFiles(in: "/nowhere/c", files: files), time: clock,
                locate: { MediaAddress(root: "movies", path: $0) }, length: { _ in nil }, newID: { JobID("job") }))
        api = try ClusterAPI(
            configuration,
            with: surroundings
        ) { _ in
            [
                Route("GET", "/files/{root}/{path...}", Operation("more", "More.", answers: [])) { _ in
                    throw APIError(.notFound, "Nothing.")
                }
            ]
        }
    }

    private func document() async throws -> JSONValue {
        try await Caller(handler: api.router).call("GET", "/openapi.json").json(JSONValue.self)
    }

    @Test("The document has the router's paths and methods, no more and no fewer")
    func paths() async throws {
        guard case .object(let paths)? = try await document()["paths"] else {
            Issue.record("no paths")
            return
        }
        var documented: Set<String> = []
        for (path, operations) in paths {
            guard case .object(let operations) = operations else { continue }
            for method in operations.keys { documented.insert("\(method.uppercased()) \(path)") }
        }
        let routed = Set(api.router.routes.map { "\($0.method) \($0.pattern.description.replacing("...", with: ""))" })
        #expect(documented == routed)
        for expected in [
            "POST /api/v1/jobs", "GET /api/v1/jobs", "GET /api/v1/jobs/{id}", "GET /api/v1/jobs/{id}/tasks",
            "DELETE /api/v1/jobs/{id}", "POST /api/v1/jobs/{id}/retry", "PATCH /api/v1/jobs/{id}",
            "GET /api/v1/jobs/{id}/output", "POST /api/v1/sources", "GET /api/v1/workers",
            "POST /api/v1/workers/{id}/drain", "DELETE /api/v1/workers/{id}", "GET /api/v1/events", "GET /api/v1/ws",
            "GET /api/v1/stats", "GET /metrics", "GET /healthz", "GET /readyz", "GET /openapi.json",
            "GET /files/{root}/{path}", "POST /api/v1/workers/heartbeat", "POST /api/v1/jobs/{id}/status",
            "GET /api/v1/jobs/{id}/stream",
        ] { #expect(documented.contains(expected), "\(expected)") }
    }

    @Test("No two operations have one name, those of workers' transfers included")
    func names() async throws {
        let hall = try await Hall()
        let routes = api.router.routes + TransferRoutes(service: hall.service).routes
        let names = Dictionary(grouping: routes, by: \.operation.name).filter { $0.value.count > 1 }.keys
        #expect(names.sorted() == [])
        #expect(routes.count > 30)
        await hall.service.stop()
    }

    @Test("Every operation has its path's parameters and only schemas that exist")
    func operations() async throws {
        let document = try await document()
        #expect(document["openapi"] == "3.1.0")
        #expect(document["info"]?["version"] == "1.2.3")
        let parameters = document["paths"]?["/files/{root}/{path}"]?["get"]?["parameters"]
        guard case .array(let fields)? = parameters else {
            Issue.record("no parameters")
            return
        }
        #expect(fields.map { $0["name"] } == ["root", "path"])
        let text = try JSONText.text(document)
        for match in text.matches(of: /"#\/components\/schemas\/([A-Za-z]+)"/) {
            #expect(document["components"]?["schemas"]?[String(match.1)] != nil, "\(match.1)")
        }
    }

    @Test("Open routes need no token in the document either")
    func security() async throws {
        let document = try await document()
        #expect(document["paths"]?["/healthz"]?["get"]?["security"] == [])
        #expect(document["paths"]?["/api/v1/jobs"]?["get"]?["security"] == [["token": []]])
        #expect(document["paths"]?["/api/v1/events"]?["get"]?["security"] == [["token": []], ["query": []]])
    }

    @Test("Schemas have the keys that messages have", arguments: MessageSamples.all)
    func schemas(sample: MessageSamples.Sample) throws {
        guard case .object(let properties)? = APISchemas.all[sample.schema] else {
            Issue.record("no schema \(sample.schema)")
            return
        }
        #expect(Set(properties.map(\.name)) == Set(sample.full.keys), "\(sample.schema)")
        #expect(Set(properties.filter(\.isRequired).map(\.name)) == Set(sample.least.keys), "\(sample.schema)")
        for property in properties {
            let value = try #require(sample.full[property.name])
            #expect(property.schema.fits(value), "\(sample.schema).\(property.name)")
        }
    }

    @Test("Every schema is compared")
    func allSchemas() {
        #expect(Set(MessageSamples.all.map(\.schema)) == Set(APISchemas.all.keys))
    }
}

extension Schema {
    /// Whether a value is of the schema's kind.
    fileprivate func fits(_ value: JSONValue) -> Bool {
        switch (self, value) {
        case (.text, .text), (.boolean, .boolean), (.number, .number), (.number, .integer), (.integer, .integer): true
        case (.typed, .text), (.typed, .boolean), (.typed, .number), (.typed, .integer): true
        case (.shortText(let most), .text(let text)): !text.isEmpty && text.count <= most
        case (.oneOf(let names), .text(let text)): names.contains(text)
        case (.array(let items), .array(let values)): values.allSatisfy { items.fits($0) }
        case (.map(let values), .object(let members)): members.values.allSatisfy { values.fits($0) }
        case (.named(let name), .object): APISchemas.all[name]?.fits(value) ?? false
        case (.object(let properties), .object(let members)):
            properties.allSatisfy { property in
                members[property.name].map { property.schema.fits($0) } ?? !property.isRequired
            }
        default: false
        }
    }
}
