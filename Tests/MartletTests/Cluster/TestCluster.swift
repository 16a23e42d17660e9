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
    private let token: String?

    /// Starts a coordinator.
    ///
    /// - Parameters:
    ///   - films: fixtures or paths that are put into the root, by their names there.
    ///   - token: what clients and workers show; nothing makes the coordinator want it but its options.
    ///   - environment: variables of the coordinator's own.
    ///   - wrapper: a program and its arguments that run it.
    init(
        _ options: [String] = [], films: [String: String], token: String? = nil,
        in directory: TemporaryDirectory? = nil, port: Int = 0, environment: [String: String?] = [:],
        wrapper: [String] = []
    ) async throws {
        let directory = try directory ?? TemporaryDirectory()
        self.directory = directory
        self.options = options
        self.token = token
        let root = directory.file("films")
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        for (name, film) in films where !FileManager.default.fileExists(atPath: "\(root)/\(name)") {
            let path = film.contains("/") ? film : try await MediaFixtures.path(film)
            try FileManager.default.copyItem(atPath: path, toPath: "\(root)/\(name)")
        }
        try await ProgramKnowledge.copy(to: directory.file("cache"))
        coordinator = MartletProcess(
            ["serve", "--json", "--port", "\(port)", "--data-directory", directory.file("data")]
                + ["--media-root", "films=\(root)"] + options,
            environment: environment.merging(["XDG_CACHE_HOME": directory.file("cache")]) { first, _ in first },
            wrapper: wrapper)
        url = try #require(try await coordinator.event("listening").members["url"])
    }

    /// The same coordinator again, on the same port, after its end.
    func again() async throws -> TestCluster {
        let port = url.split(separator: ":").last.flatMap { Int($0) } ?? 0
        return try await TestCluster(options, films: [:], token: token, in: directory, port: port)
    }

    /// Starts a worker, and waits until it is in.
    ///
    /// - Parameters:
    ///   - sharesFilms: whether it sees the media root, or has everything sent.
    ///   - url: where it looks for the coordinator; `nil` for the coordinator's own address.
    ///   - ffmpeg: the program that it takes for ffmpeg; `nil` for the usual one.
    ///   - hardware: which it tries; to find that there is none takes a second of work.
    ///   - environment: variables of its own.
    ///   - wrapper: a program and its arguments that run it.
    func worker(
        _ name: String, _ options: [String] = [], sharesFilms: Bool = false, at url: String? = nil,
        ffmpeg: String? = nil, hardware: String = "none", environment: [String: String?] = [:], wrapper: [String] = []
    ) async throws -> MartletProcess {
        let worker = MartletProcess(
            ["work", "--json", "--coordinator", url ?? self.url, "--worker-id", name, "--benchmark-duration", "0"]
                + ["--temp-directory", directory.file("work"), "--http-port", "0", "--reconnect-delay", "0.3"]
                + ["--hw-accel", hardware]
                + (sharesFilms ? ["--media-root", "films=\(directory.file("films"))"] : []) + options
                + shown(options),
            environment: environment.merging(["XDG_CACHE_HOME": directory.file("cache"), "MARTLET_FFMPEG": ffmpeg]) {
                first, _ in first
            }, wrapper: wrapper)
        _ = try await worker.event("connected")
        return worker
    }

    /// Runs a command that speaks to the coordinator.
    func run(_ arguments: [String]) async throws -> MartletProgram.Run {
        try await MartletProgram.ask(arguments + ["--coordinator", url, "--json"] + shown(arguments))
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

    /// Follows everything that happens from when this returns.
    func watch() async throws -> MartletProcess {
        let watching = MartletProcess(["watch", "--coordinator", url, "--json"] + shown([]))
        _ = try await watching.event("connected")
        return watching
    }

    /// Follows one job to its end; how it stands at the beginning is told as well.
    func watch(_ job: String) -> MartletProcess {
        MartletProcess(["watch", job, "--coordinator", url, "--json"] + shown([]))
    }

    /// The token as an option, unless there is one already.
    private func shown(_ options: [String]) -> [String] {
        token.map { options.contains("--token") ? [] : ["--token", $0] } ?? []
    }

    /// What the API answers, at whichever status.
    func data(_ path: String) async throws -> Data {
        var request = URLRequest(url: try #require(URL(string: url + path)))
        if let token { request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization") }
        return try await URLSession.shared.data(for: request).0
    }

    /// What a request was answered with.
    struct Answer: Sendable {
        var status: Int
        var id: String?
    }

    /// Sends requests side by side.
    func requests(
        _ requests: [(method: String, path: String, body: String)]
    ) async throws -> [Answer] {
        try await withThrowingTaskGroup(of: Answer.self) { group in
            for (method, path, body) in requests {
                var request = URLRequest(url: try #require(URL(string: url + path)))
                request.httpMethod = method
                if let token { request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization") }
                if !body.isEmpty {
                    request.httpBody = Data(body.utf8)
                    request.setValue("application/json", forHTTPHeaderField: "Content-Type")
                }
                group.addTask { [request] in
                    let (data, response) = try await URLSession.shared.data(for: request)
                    let object = try JSONSerialization.jsonObject(with: data) as? [String: Any]
                    return Answer(
                        status: (response as? HTTPURLResponse)?.statusCode ?? 0, id: object?["id"] as? String)
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    /// A number of `/metrics`, by its name and labels as they stand there; `nil` when it is not there.
    func metric(_ name: String) async throws -> Double? {
        String(decoding: try await data("/metrics"), as: UTF8.self).split(separator: "\n")
            .first { $0.hasPrefix(name + " ") }.flatMap { Double($0.dropFirst(name.count + 1)) }
    }

    /// The processor time that the coordinator has used by now, in seconds.
    func processorSeconds() throws -> Double {
        let process = try #require(coordinator.handle).processID
        let text = try String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
        // The name, in parentheses, may hold blanks; user and system time are fields 14 and 15.
        let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
        let ticks = try #require(Double(fields[12])) + #require(Double(fields[13]))
        return ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// What the API says of a job.
    func job(_ job: String) async throws -> [String: Any] {
        try await object("/api/v1/jobs/\(job)")
    }

    /// A JSON object of the API.
    func object(_ path: String) async throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: try await data(path)) as? [String: Any])
    }

    /// A JSON list of the API.
    func list(_ path: String) async throws -> [[String: Any]] {
        try #require(try JSONSerialization.jsonObject(with: try await data(path)) as? [[String: Any]])
    }

    /// Who tried each task of a job, and how that ended, such as `attic completed`.
    func trials(of job: String) async throws -> [[String]] {
        try await attempts(of: job).values.map { tries in
            tries.map { "\($0["worker"] ?? "") \($0["result"] ?? "")" }
        }
    }

    /// Every attempt at a job's tasks, by task.
    func attempts(of job: String) async throws -> [String: [[String: Any]]] {
        let tasks = try await list("/api/v1/jobs/\(job)/tasks")
        return Dictionary(
            tasks.map { ($0["id"] as? String ?? "", $0["attempts"] as? [[String: Any]] ?? []) }, uniquingKeysWith: +)
    }

    /// Demands that an output has the bytes of a run on one machine, and that each of its job's tasks was completed once.
    func isUndisturbed(
        _ job: String, _ options: [String] = [], output: String = "out.mkv", film: String = "minute.mp4",
        location: SourceLocation = #_sourceLocation
    ) async throws {
        let expected = try await expected(film, to: output, options)
        #expect(try bytes(of: output) == expected, sourceLocation: location)
        for (task, tries) in try await attempts(of: job) {
            #expect(
                tries.count { $0["result"] as? String == "completed" } == 1, "\(task): \(tries)",
                sourceLocation: location)
        }
    }

    /// An ffmpeg that takes its time over each task, and nobody's processor.
    func lazyFFmpeg(seconds: Double = 1.5) async throws -> String {
        try await ffmpeg(doing: "case \"$*\" in */jobs/*) sleep \(seconds);; esac")
    }

    /// A program that does `first` and then what ffmpeg does; encoders in software pass their trial at once.
    func ffmpeg(doing first: String) async throws -> String {
        let trial = "case \"$*\" in *' -frames:v 3 -c:v lib'*' -f null -'|*' anullsrc='*' -f null -') exit;; esac"
        return try await directory.script(
            "\(trial)\n\(first)\nexec /usr/bin/env ffmpeg \"$@\"", to: "ffmpeg-\(UUID().uuidString.prefix(8))")
    }

    /// The bytes of an output.
    func bytes(of output: String) throws -> Data {
        try Data(contentsOf: URL(filePath: directory.file("films/\(output)")))
    }

    /// The bytes that `martlet transcode` makes of the same film with the same options.
    func expected(_ film: String, to name: String, _ options: [String] = []) async throws -> Data {
        let path = directory.file("films/\(film)")
        return try await LoneRuns.shared.bytes(of: path, to: name, Transcode.quick + options)
    }

    /// The names of all jobs, read by pages of 70.
    func jobNames(_ filter: String = "") async throws -> Set<String> {
        var (ids, cursor) = (Set<String>(), "")
        while true {
            let page = try await object("/api/v1/jobs?limit=70\(filter)\(cursor)")
            let jobs = try #require(page["jobs"] as? [[String: Any]])
            #expect(jobs.count <= 70)
            for job in jobs { #expect(ids.insert(try #require(job["id"] as? String)).inserted) }
            guard let next = page["next_cursor"] as? String else { return ids }
            cursor = "&cursor=" + (next.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "")
        }
    }
}

/// Runs of `martlet transcode` that others are compared with, each made once.
private actor LoneRuns {
    static let shared = LoneRuns()
    private var runs: [[String]: Task<Data, any Error>] = [:]

    func bytes(of film: String, to name: String, _ options: [String]) async throws -> Data {
        let content = try Data(contentsOf: URL(filePath: film), options: .alwaysMapped)
        let suffix = URL(filePath: name).pathExtension
        let key = ["\(content.count) \(content.prefix(1 << 16).hashValue)", suffix] + options
        if let run = runs[key] { return try await run.value }
        let run = Task {
            let alone = try await Transcode.succeed(film, to: "alone." + suffix, options)
            return try Data(contentsOf: URL(filePath: alone.output))
        }
        runs[key] = run
        return try await run.value
    }
}
