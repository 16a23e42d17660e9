// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import FoundationNetworking
import MartletModel
import MartletWire

/// Asks a cluster's API, and does not wait long for an answer.
struct ChaosUser: Sendable {
    /// The cluster answered otherwise than was hoped.
    struct Refused: Error, CustomStringConvertible {
        let status: Int
        let description: String
    }

    let url: String
    let token: String

    /// Asks for one thing, with a body in JSON; `nil` when no answer came that says whether it was done.
    func ask(_ method: String, _ path: String, _ body: (any Encodable)? = nil) async throws -> Data? {
        guard let address = URL(string: url + path) else { throw Refused(status: 0, description: "no path: \(path)") }
        var request = URLRequest(url: address, timeoutInterval: 5)
        request.httpMethod = method
        request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization")
        if let body {
            request.httpBody = try JSONEncoder().encode(body)
            request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        }
        guard let (data, response) = try? await URLSession.shared.data(for: request),
            let status = (response as? HTTPURLResponse)?.statusCode
        else { return nil }
        // What was asked of a coordinator that is out of order may still have been done.
        if status == 503 { return nil }
        guard (200..<300).contains(status) else {
            throw Refused(status: status, description: "\(status) \(String(decoding: data, as: UTF8.self))")
        }
        return data
    }

    /// As the other, about a job.
    func askForJob(_ method: String, _ path: String, _ body: (any Encodable)? = nil) async throws -> JobView? {
        try await ask(method, path, body).map { try JSONDecoder().decode(JobView.self, from: $0) }
    }

    /// Looks something up; `nil` when no answer came.
    func look<Answer: Decodable>(_ path: String, for type: Answer.Type) async throws -> Answer? {
        try await ask("GET", path).map { try JSONDecoder().decode(Answer.self, from: $0) }
    }

    /// Every job that the cluster knows; `nil` when no answer came.
    func jobs() async throws -> [JobView]? {
        var (jobs, cursor) = ([JobView](), "")
        while true {
            guard let page = try await look("/api/v1/jobs?limit=100\(cursor)", for: JobPage.self) else { return nil }
            jobs += page.jobs
            guard let next = page.nextCursor else { return jobs }
            cursor = "&cursor=" + (next.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "")
        }
    }
}
