// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel
package import MartletPorts
internal import MartletWire

/// What can be asked about jobs.
package struct JobRoutes: Sendable {
    private let control: any ClusterControl
    private let files: any FileStore

    /// Makes the routes.
    package init(control: any ClusterControl, files: any FileStore) {
        self.control = control
        self.files = files
    }

    /// The routes.
    package var routes: [Route] {
        let job = Operation.Answer(200, "The job.", .json("Job"))
        return [
            Route(
                "POST", "/api/v1/jobs",
                Operation(
                    "submitJob", "Takes a job in.", body: .json("JobSubmission"),
                    answers: [.init(201, "The job; `Location` names it.", .json("Job"))]),
                answer: submit),
            Route(
                "GET", "/api/v1/jobs",
                Operation(
                    "listJobs", "Lists jobs, newest first.",
                    fields: [
                        .init("state", .oneOf(JobState.allCases.map(\.rawValue)), "Only jobs in this state."),
                        .init("limit", .integer(1...1000), "The most jobs on a page; 100 when missing."),
                        .init("cursor", .text, "The `next_cursor` of the page before."),
                    ],
                    answers: [.init(200, "One page.", .json("JobPage"))]),
                answer: list),
            Route(
                "GET", "/api/v1/jobs/{id}", Operation("getJob", "Shows a job.", answers: [job]),
                answer: { try .json(try await control.job(Self.id(of: $0))) }),
            Route(
                "GET", "/api/v1/jobs/{id}/tasks",
                Operation(
                    "listTasks", "Lists a job's tasks with their attempts.",
                    answers: [.init(200, "The tasks, by name.", .jsonArray("Task"))]),
                answer: { try .json(try await control.tasks(of: Self.id(of: $0))) }),
            Route(
                "DELETE", "/api/v1/jobs/{id}", Operation("cancelJob", "Cancels a job.", answers: [job]),
                answer: { try .json(try await control.cancel(Self.id(of: $0))) }),
            Route(
                "POST", "/api/v1/jobs/{id}/retry",
                Operation("retryJob", "Takes up a job again that failed or was cancelled.", answers: [job]),
                answer: { try .json(try await control.retry(Self.id(of: $0))) }),
            Route(
                "PATCH", "/api/v1/jobs/{id}",
                Operation("changeJob", "Changes how urgent a job is.", body: .json("JobChange"), answers: [job]),
                answer: change),
            Route(
                "GET", "/api/v1/jobs/{id}/output",
                Operation(
                    "getOutput", "Sends a completed job's output.",
                    fields: [.init("Range", .text, "Part of it, such as `bytes=0-999`.", isHeader: true)],
                    answers: [
                        .init(200, "The file.", .bytes("application/octet-stream")),
                        .init(206, "Part of the file.", .bytes("application/octet-stream")),
                        .init(304, "It is what `If-None-Match` says."),
                    ]),
                answer: output),
        ]
    }

    private static func id(of request: RoutedRequest) -> JobID { JobID(request.parameter("id")) }

    private func submit(_ request: RoutedRequest) async throws -> HTTPResponse {
        let submission = try await request.json(JobSubmission.self)
        try SubmissionCheck.check(submission)
        let job = try await control.submit(submission)
        return try .json(
            job, status: 201, headers: ["Location": "/api/v1/jobs/" + PercentEncoding.encoded(job.id.text)])
    }

    private func list(_ request: RoutedRequest) async throws -> HTTPResponse {
        let page = try await control.jobs(
            state: try request.choice("state", JobState.self),
            limit: try request.integer("limit", in: 1...1000, missing: 100),
            cursor: request.request.query("cursor"))
        return try .json(page)
    }

    private func change(_ request: RoutedRequest) async throws -> HTTPResponse {
        let priority = try SubmissionCheck.priority(try await request.json(JobChange.self).priority)
        return try .json(try await control.setPriority(priority, of: Self.id(of: request)))
    }

    private func output(_ request: RoutedRequest) async throws -> HTTPResponse {
        let id = Self.id(of: request)
        let path = try await control.outputPath(of: id)
        guard files.exists(path) else {
            throw APIError(.notFound, "The output of the job \(id) is not where it was put any more.")
        }
        let name = path.split(separator: "/").last.map { String($0) } ?? id.text
        return try FileAnswer(
            path: path, fingerprint: try await files.fingerprint(of: path),
            mediaType: MediaType.of(path), downloadName: name
        ).response(to: request.request)
    }
}
