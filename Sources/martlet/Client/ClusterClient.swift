// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import FoundationEssentials
import MartletHTTP
import MartletModel
import MartletPorts
import MartletWire

/// Speaks to a coordinator by its API.
///
/// Calls throw what the coordinator reports, with its code and exit status; what the caller throws; or `ClusterError`.
struct ClusterClient: Sendable {
    /// How the coordinator is reached.
    let connection: Connection
    /// Makes the calls.
    let caller: any HTTPTransfers

    /// Gives a job to the cluster.
    func submit(_ submission: JobSubmission) async throws -> JobView {
        try await send("POST", "/jobs", body: Array(try JSONEncoder().encode(submission)))
    }

    /// A page of jobs, newest first.
    func jobs(state: JobState?, limit: Int, cursor: String?) async throws -> JobPage {
        var fields = ["limit=\(limit)"]
        if let state { fields.append("state=\(state.rawValue)") }
        if let cursor { fields.append("cursor=" + PercentEncoding.encoded(cursor)) }
        return try await send("GET", "/jobs?" + fields.joined(separator: "&"))
    }

    /// The newest jobs, at most so many.
    func jobs(state: JobState? = nil, limit: Int) async throws -> [JobView] {
        var jobs: [JobView] = []
        var cursor: String?
        repeat {
            let page = try await self.jobs(state: state, limit: min(limit - jobs.count, 1000), cursor: cursor)
            jobs += page.jobs
            cursor = page.jobs.isEmpty ? nil : page.nextCursor
        } while cursor != nil && jobs.count < limit
        return jobs
    }

    /// A job.
    func job(_ id: JobID) async throws -> JobView { try await send("GET", path(id)) }

    /// A job's tasks.
    func tasks(of id: JobID) async throws -> [TaskView] { try await send("GET", path(id) + "/tasks") }

    /// Cancels a job.
    func cancel(_ id: JobID) async throws -> JobView { try await send("DELETE", path(id)) }

    /// Takes up a job again.
    func retry(_ id: JobID) async throws -> JobView { try await send("POST", path(id) + "/retry") }

    /// All workers.
    func workers() async throws -> [WorkerView] { try await send("GET", "/workers") }

    /// Gives a worker no new work.
    func drain(_ id: WorkerID) async throws -> WorkerView {
        try await send("POST", "/workers/\(PercentEncoding.encoded(id.text))/drain")
    }

    /// What happens from now on, or from an earlier event on.
    ///
    /// - Parameters:
    ///   - last: the id of the last event that is known already.
    ///   - job: only what is about this job; `nil` for everything.
    func events(after last: String?, job: JobID?) async throws -> any HTTPBody {
        var call = call("GET", "/events" + (job.map { "?job_id=" + PercentEncoding.encoded($0.text) } ?? ""))
        call.headers["Accept"] = "text/event-stream"
        if let last { call.headers["Last-Event-ID"] = last }
        let answer = try await reaching { try await caller.stream(call) }
        guard answer.status < 300 else {
            let body = try await answer.body.collected(upTo: 1 << 20) ?? []
            throw Refusal.error(of: HTTPAnswer(status: answer.status, headers: answer.headers, body: body), connection)
        }
        return answer.body
    }

    /// A call of the API, with what lets this machine in.
    func call(_ method: String, _ path: String, body: HTTPCall.Body = .none) -> HTTPCall {
        var headers: HTTPHeaders = ["Accept": "application/json", "User-Agent": "martlet/\(Program.version)"]
        if let token = connection.token { headers["Authorization"] = "Bearer " + token }
        return HTTPCall(method, connection.address + "/api/v1" + path, headers: headers, body: body)
    }

    /// Makes a call and reads its answer.
    func send<Answer: Decodable>(_ method: String, _ path: String, body: [UInt8]? = nil) async throws -> Answer {
        var call = call(method, path)
        if let body {
            call.headers["Content-Type"] = MediaType.json
            call.body = .bytes(body)
        }
        return try read(try await reaching { try await caller.call(call, limit: 256 << 20) })
    }

    /// Reads an answer.
    ///
    /// - Throws: what it reports, when it reports an error.
    func read<Answer: Decodable>(_ answer: HTTPAnswer) throws -> Answer {
        guard answer.status < 300 else { throw Refusal.error(of: answer, connection) }
        do {
            return try JSONDecoder().decode(Answer.self, from: Data(answer.body))
        } catch {
            throw ClusterError(
                .badAnswer, "What answered at \(connection.address) is no coordinator that this release understands.",
                advice: "Check the address, and that both have the same version.")
        }
    }

    /// Says what can be done when nobody answers.
    private func reaching<Answer>(_ call: () async throws -> Answer) async throws -> Answer {
        do { return try await call() } catch var error as HTTPError where error.code == .unreachable {
            error.advice = error.advice ?? "Check that the coordinator runs there; --coordinator names another."
            throw error
        }
    }

    private func path(_ id: JobID) -> String { "/jobs/" + PercentEncoding.encoded(id.text) }
}
