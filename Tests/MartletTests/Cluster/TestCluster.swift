// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import FoundationNetworking
import Glibc
import MartletTestKit
import Testing

/// A coordinator and workers, each a process, over a media root `films` in a directory of their own.
final class TestCluster: Sendable {
    let directory: TemporaryDirectory
    let url: String
    let coordinator: MartletProcess
    private let options: [String]

    /// Starts a coordinator.
    ///
    /// - Parameter films: fixtures or paths that are put into the root, by their names there.
    init(
        _ options: [String] = [], films: [String: String], in directory: TemporaryDirectory? = nil, port: Int = 0
    ) async throws {
        let directory = try directory ?? TemporaryDirectory()
        self.directory = directory
        self.options = options
        let root = directory.file("films")
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        for (name, film) in films where !FileManager.default.fileExists(atPath: "\(root)/\(name)") {
            let path = film.contains("/") ? film : try await MediaFixtures.path(film)
            try FileManager.default.copyItem(atPath: path, toPath: "\(root)/\(name)")
        }
        coordinator = MartletProcess(
            ["serve", "--json", "--port", "\(port)", "--data-directory", directory.file("data")]
                + ["--media-root", "films=\(root)"] + options,
            environment: ["XDG_CACHE_HOME": directory.file("cache")])
        url = try #require(try await coordinator.event("listening").members["url"])
    }

    /// The same coordinator again, on the same port, after its end.
    func again() async throws -> TestCluster {
        let port = url.split(separator: ":").last.flatMap { Int($0) } ?? 0
        return try await TestCluster(options, films: [:], in: directory, port: port)
    }

    /// Starts a worker, and waits until it is in.
    ///
    /// - Parameters:
    ///   - sharesFilms: whether it sees the media root, or has everything sent.
    ///   - ffmpeg: the program that it takes for ffmpeg; `nil` for the usual one.
    ///   - wrapper: a program and its arguments that run it.
    func worker(
        _ name: String, _ options: [String] = [], sharesFilms: Bool = false, ffmpeg: String? = nil,
        wrapper: [String] = []
    ) async throws -> MartletProcess {
        let worker = MartletProcess(
            ["work", "--json", "--coordinator", url, "--worker-id", name, "--benchmark-duration", "0"]
                + ["--temp-directory", directory.file("work"), "--http-port", "0", "--reconnect-delay", "0.3"]
                + (sharesFilms ? ["--media-root", "films=\(directory.file("films"))"] : []) + options,
            environment: ["XDG_CACHE_HOME": directory.file("cache"), "MARTLET_FFMPEG": ffmpeg], wrapper: wrapper)
        _ = try await worker.event("connected")
        return worker
    }

    /// Runs a command that speaks to the coordinator.
    func run(_ arguments: [String], deadline: Duration = .seconds(120)) async throws -> MartletProgram.Run {
        try await MartletProgram.run(arguments + ["--coordinator", url, "--json"], deadline: deadline)
    }

    /// Submits a film and gives the job's name.
    func submit(_ film: String, to output: String, _ options: [String] = []) async throws -> String {
        let run = try await run(["submit", "films:\(film)", "films:\(output)"] + Transcode.quick + options)
        try #require(run.exitCode == 0, "\(run.transcript)")
        return try #require(run.events.compactMap { $0.members["id"] ?? $0.members["job_id"] }.first)
    }

    /// Waits for a job's end, and demands that it is a good one.
    @discardableResult
    func completed(_ job: String, location: SourceLocation = #_sourceLocation) async throws -> MartletProgram.Run {
        let run = try await run(["watch", job])
        try #require(run.exitCode == 0, "\(run.transcript)", sourceLocation: location)
        return run
    }

    /// What the API says of a job.
    func job(_ job: String) async throws -> [String: Any] {
        try await object("/api/v1/jobs/\(job)")
    }

    /// A JSON object of the API.
    func object(_ path: String) async throws -> [String: Any] {
        let (data, _) = try await URLSession.shared.data(from: try #require(URL(string: url + path)))
        return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    }

    /// A JSON list of the API.
    func list(_ path: String) async throws -> [[String: Any]] {
        let (data, _) = try await URLSession.shared.data(from: try #require(URL(string: url + path)))
        return try #require(try JSONSerialization.jsonObject(with: data) as? [[String: Any]])
    }

    /// Every attempt at a job's tasks, by task.
    func attempts(of job: String) async throws -> [String: [[String: Any]]] {
        let tasks = try await list("/api/v1/jobs/\(job)/tasks")
        return Dictionary(
            tasks.map { ($0["id"] as? String ?? "", $0["attempts"] as? [[String: Any]] ?? []) }, uniquingKeysWith: +)
    }

    /// The bytes of an output.
    func bytes(of output: String) throws -> Data {
        try Data(contentsOf: URL(filePath: directory.file("films/\(output)")))
    }

    /// The bytes that `martlet transcode` makes of the same film with the same options.
    func expected(_ film: String, to name: String, _ options: [String] = []) async throws -> Data {
        let alone = try await Transcode.succeed(
            directory.file("films/\(film)"), to: name, Transcode.quick + options)
        return try Data(contentsOf: URL(filePath: alone.output))
    }
}
