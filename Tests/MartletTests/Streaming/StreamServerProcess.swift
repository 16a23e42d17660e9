// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import FoundationNetworking
import Glibc
import MartletTestKit
import Testing

/// The program `martlet stream`, and what it answers.
struct StreamServerProcess: Sendable {
    /// An answer.
    struct Answer: Sendable {
        var status: Int
        var headers: [String: String]
        var body: Data
        var text: String { String(decoding: body, as: UTF8.self) }
    }

    /// The process.
    let process: MartletProcess
    /// Its address.
    let url: String

    /// Starts one over a directory or a film, and waits until it answers.
    init(
        _ path: String, cache: String, _ options: [String] = [], environment: [String: String] = [:],
        wrapper: [String] = []
    ) async throws {
        process = MartletProcess(
            ["stream", path, "--port", "0", "--cache-directory", cache, "--json"] + options,
            environment: environment.mapValues { $0 }, wrapper: wrapper)
        url = try #require(try await process.event("listening").members["url"])
    }

    /// Asks for something.
    func get(_ path: String, _ headers: [String: String] = [:], method: String = "GET") async throws -> Answer {
        var request = URLRequest(url: try #require(URL(string: url + path)), timeoutInterval: 180)
        request.httpMethod = method
        request.cachePolicy = .reloadIgnoringLocalCacheData
        for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
        let (data, response) = try await URLSession.shared.data(for: request)
        let answer = try #require(response as? HTTPURLResponse)
        var fields: [String: String] = [:]
        for (name, value) in answer.allHeaderFields { fields["\(name)".lowercased()] = "\(value)" }
        return Answer(status: answer.statusCode, headers: fields, body: data)
    }

    /// A number of `/metrics`; 0 when it is not there.
    func number(_ name: String) async throws -> Double {
        let text = try await get("/metrics").text
        let line = text.split(separator: "\n").first { $0.hasPrefix(name + " ") }
        return line.flatMap { Double($0.dropFirst(name.count + 1)) } ?? 0
    }

    /// Waits until a number of `/metrics` is right.
    func wait(for name: String, until isRight: @escaping @Sendable (Double) -> Bool) async throws {
        try await waiting(for: name) {
            // A number can only be asked for.
            while !isRight(try await number(name)) { try await Task.sleep(for: .milliseconds(20)) }
        }
    }

    /// Ends it as a service manager does, and waits.
    func stop() async throws -> ChildProcess.Outcome {
        process.send(SIGTERM)
        return try await process.ended()
    }
}
