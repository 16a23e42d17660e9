// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import Glibc
import MartletModel
import MartletTestKit
import MartletWire

/// A running cluster in the hands of the monkey: each machine with a disk and, where that is permitted, a network of
/// its own.
actor ChaosCluster {
    /// What happens on one machine.
    struct Place {
        var disk: ChaosDisk
        var network: CutNetwork?
        /// What the worker is called.
        var name: String
        var generation = 1
        /// `nil` while it is not to run.
        var process: MartletProcess?
        var stopped: Set<Int32> = []
    }

    let directory: TemporaryDirectory
    let user: ChaosUser
    let workers: Int
    var places: [ChaosDeed.Machine: Place] = [:]
    var ledger = ChaosLedger()
    /// What went wrong already while the monkey was busy.
    var faults: [String] = []

    private let start = ContinuousClock.now
    private let port: Int
    private let watcher: @Sendable (String) -> Void
    private var errands: Task<Void, Never>?
    private static let token = "monkey"

    /// Starts a coordinator and workers, and waits until they are in.
    ///
    /// - Parameter watcher: called with each line of the log.
    init(workers: Int, watcher: @escaping @Sendable (String) -> Void) async throws {
        let directory = try TemporaryDirectory()
        (self.directory, self.workers, self.watcher) = (directory, workers, watcher)
        for name in ["logs", "tmp"] {
            try FileManager.default.createDirectory(atPath: directory.file(name), withIntermediateDirectories: true)
        }
        let disk = try await ChaosDisk(at: directory.file("coordinator"))
        try FileManager.default.createDirectory(atPath: disk.path + "/films", withIntermediateDirectories: true)
        for film in Set(ChaosOrder.all.map(\.film)) {
            try FileManager.default.copyItem(
                atPath: try await MediaFixtures.path(film), toPath: "\(disk.path)/films/\(film)")
        }
        try await ProgramKnowledge.copy(to: directory.file("cache"))
        let coordinator = Self.coordinator(port: 0, disk: disk, directory: directory)
        let url = try await coordinator.event("listening").members["url"] ?? ""
        port = url.split(separator: ":").last.flatMap { Int($0) } ?? 0
        user = ChaosUser(url: "http://127.0.0.1:\(port)", token: Self.token)
        places[.coordinator] = Place(disk: disk, name: "coordinator", process: coordinator)
        let hasNetworks = await CutNetwork.isPermitted
        for number in 0..<workers {
            let place = Place(
                disk: try await ChaosDisk(at: directory.file("worker-\(number)")),
                network: hasNetworks ? try await CutNetwork(number) : nil, name: "w\(number)")
            places[.worker(number)] = place
        }
        for number in 0..<workers {
            let worker = worker(number)
            places[.worker(number)]?.process = worker
            _ = try await worker?.event("connected")
        }
        note(
            "\(workers) workers, disks \(disk.isReal ? "real" : "not permitted"), networks \(hasNetworks ? "real" : "not permitted")"
        )
    }

    /// Ends every process, and takes disks and networks away.
    func remove() async {
        errands?.cancel()
        for place in places.values {
            place.stopped.forEach { kill($0, SIGCONT) }
            place.process?.send(SIGKILL)
            _ = try? await place.process?.ended()
            place.network?.remove()
            try? await place.disk.remove()
        }
        places = [:]
    }

    /// Writes a line into the log.
    func note(_ line: String) {
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let text = "\(seconds.formatted(.number.precision(.fractionLength(2)).grouping(.never))) s  \(line)"
        watcher(text)
        append("\(text)\n", to: directory.file("logs/monkey"))
    }

    private func append(_ text: String, to path: String) {
        if !FileManager.default.fileExists(atPath: path) {
            _ = FileManager.default.createFile(atPath: path, contents: nil)
        }
        guard let file = FileHandle(forWritingAtPath: path) else { return }
        _ = try? file.seekToEnd()
        try? file.write(contentsOf: Data(text.utf8))
        try? file.close()
    }

    // MARK: Processes

    private static func process(
        _ arguments: [String], named name: String, in directory: TemporaryDirectory, _ network: CutNetwork? = nil
    ) -> MartletProcess {
        // Nothing outlives the thread that started it, whatever becomes of this process.
        let shell = [
            "setpriv", "--pdeathsig", "KILL", "sh", "-c", "exec \"$@\" 2>>\"$0\"", directory.file("logs/\(name)"),
        ]
        return MartletProcess(
            arguments + ["--json"],
            environment: [
                "XDG_CACHE_HOME": directory.file("cache"), "TMPDIR": directory.file("tmp"), "MARTLET_TOKEN": token,
            ], wrapper: (network?.wrapper ?? []) + shell, deadline: .seconds(3600))
    }

    private static func coordinator(port: Int, disk: ChaosDisk, directory: TemporaryDirectory) -> MartletProcess {
        process(
            [
                "serve", "--host", "0.0.0.0", "--port", "\(port)", "--data-directory", "\(disk.path)/data",
                "--media-root", "films=\(disk.path)/films", "--heartbeat-timeout", "3", "--retry-delay", "0.1",
                "--max-concurrent-jobs", "3",
            ], named: "coordinator", in: directory)
    }

    /// Every second worker sees the films; the others have everything sent.
    private func worker(_ number: Int) -> MartletProcess? {
        guard let place = places[.worker(number)], let films = places[.coordinator]?.disk.path else { return nil }
        let host = place.network?.address ?? "127.0.0.1"
        return Self.process(
            [
                "work", "--coordinator", "http://\(host):\(port)", "--worker-id", place.name, "--slots", "1",
                "--benchmark-duration", "0", "--temp-directory", place.disk.path, "--http-port", "0",
                "--reconnect-delay", "0.3", "--hw-accel", "none",
            ] + (number.isMultiple(of: 2) ? ["--media-root", "films=\(films)/films"] : []),
            named: place.name, in: directory, place.network)
    }

    private func begin(_ machine: ChaosDeed.Machine) async throws {
        guard let place = places[machine], place.process == nil else { return }
        switch machine {
        case .worker(let number):
            let process = worker(number)
            places[machine]?.process = process
        case .coordinator:
            let process = Self.coordinator(port: port, disk: place.disk, directory: directory)
            places[machine]?.process = process
            _ = try await process.event("listening")
        }
    }

    private func end(_ machine: ChaosDeed.Machine, by signal: Int32) async throws {
        guard let process = places[machine]?.process else { return }
        process.send(signal)
        let outcome = try await process.ended()
        places[machine]?.process = nil
        // Who has not begun yet does not know how to end in order.
        let isExpected = outcome.ending == .signalled(signal) && (signal == SIGKILL || process.events.isEmpty)
        if !isExpected, outcome.ending != .exited(0) {
            faults.append("\(machine) ended with \(outcome.ending): \(outcome.output.suffix(500))")
        }
    }

    /// What a machine's process has started, such as ffmpeg, in the order of their ids.
    func children(of machine: ChaosDeed.Machine) -> [Int32] {
        guard let parent = places[machine]?.process?.handle?.processID else { return [] }
        return RunningPrograms.children(of: parent)
    }

    /// Notes whoever ended without being told.
    func lookForTheDead() async {
        for (machine, place) in places {
            guard let process = place.process, process.hasEnded else { continue }
            let outcome = try? await process.ended()
            faults.append(
                "\(machine) ended by itself: \(outcome.map { "\($0.ending) \($0.output.suffix(500))" } ?? "")")
            places[machine]?.process = nil
            try? await begin(machine)
        }
    }

    // MARK: Deeds

    /// Does the whole plan, each deed at its time.
    func perform(_ plan: ChaosPlan) async throws {
        let start = ContinuousClock.now
        for step in plan.steps {
            try await Task.sleep(until: start + step.at)
            await lookForTheDead()
            note("\(step.deed)")
            try await perform(step.deed)
        }
    }

    private func perform(_ deed: ChaosDeed) async throws {
        switch deed {
        case .submit(let orders): submit(orders)
        case .cancel(let number): errand { await $0.cancel(number) }
        case .retry(let number): errand { await $0.retry(number) }
        case .prioritise(let number, let priority): errand { await $0.prioritise(number, priority) }
        case .drain(let worker): errand { await $0.steer("POST", worker, "/drain") }
        case .remove(let worker): errand { await $0.steer("DELETE", worker, "") }
        case .kill(let machine): try await end(machine, by: SIGKILL)
        case .end(let machine): try await end(machine, by: SIGTERM)
        case .start(let machine): try await begin(machine)
        case .replace(let number): try await replace(number)
        case .stop(let machine):
            if let handle = places[machine]?.process?.handle { stop(handle.processID, of: machine) }
        case .wake(let machine): wake(machine)
        case .stopEncoder(let number, let child):
            let children = children(of: .worker(number))
            if !children.isEmpty { stop(children[child % children.count], of: .worker(number)) }
        case .hangEncoder(let number, let child):
            let children = children(of: .worker(number))
            if !children.isEmpty { Glibc.kill(children[child % children.count], SIGSTOP) }
        case .wakeEncoders(let number): wake(.worker(number))
        case .killChild(let machine, let child):
            let children = children(of: machine)
            if !children.isEmpty { Glibc.kill(children[child % children.count], SIGKILL) }
        case .cut(let number): try await places[.worker(number)]?.network?.set("down")
        case .mend(let number): try await places[.worker(number)]?.network?.set("up")
        case .fill(let machine): try await places[machine]?.disk.fill()
        case .free(let machine): try await places[machine]?.disk.free()
        }
    }

    private func stop(_ process: Int32, of machine: ChaosDeed.Machine) {
        Glibc.kill(process, SIGSTOP)
        places[machine]?.stopped.insert(process)
    }

    private func wake(_ machine: ChaosDeed.Machine) {
        for process in places[machine]?.stopped ?? [] { Glibc.kill(process, SIGCONT) }
        places[machine]?.stopped = []
    }

    /// Another machine has an empty disk.
    private func replace(_ number: Int) async throws {
        guard var place = places[.worker(number)], place.process == nil else { return }
        place.generation += 1
        place.name = "w\(number)-\(place.generation)"
        places[.worker(number)] = place
        try place.disk.empty()
        try await begin(.worker(number))
    }

    // MARK: Errands

    /// Lets a user do something, after what users do already; the monkey does not wait.
    private func errand(_ work: @escaping @Sendable (isolated ChaosCluster) async -> Void) {
        let before = errands
        errands = Task {
            await before?.value
            await work(self)
        }
    }

    private func submit(_ orders: [ChaosOrder]) {
        let asked = orders.map { (order: $0, output: ledger.submits($0)) }
        errand { cluster in
            await withTaskGroup(of: Void.self) { group in
                for (order, output) in asked { group.addTask { await cluster.submit(order, to: output) } }
            }
        }
    }

    private func submit(_ order: ChaosOrder, to output: String) async {
        var submission = JobSubmission(source: "films:\(order.film)", output: "films:\(output)")
        submission.params = JobParameters()
        submission.params?.codec = order.options["codec"]
        submission.params?.bitrate = order.options["bitrate"]
        submission.params?.options = order.options.filter { !["codec", "bitrate"].contains($0.key) }
        let view = await asked(output, "submit") { try await $0.askForJob("POST", "/api/v1/jobs", submission) }
        if let view { ledger.note(output) { $0.id = view.id } }
    }

    private func cancel(_ number: Int) async {
        guard let (output, id) = ledger.job(number) else { return }
        ledger.note(output) { $0.mayBeCancelled = true }
        let view = await asked(output, "cancel") { try await $0.askForJob("DELETE", "/api/v1/jobs/\(id)") }
        if view?.state == .cancelled { ledger.note(output) { $0.mustBeCancelled = !$0.isUncertain } }
    }

    private func retry(_ number: Int) async {
        guard let (output, id) = ledger.job(number) else { return }
        // Whatever comes of it: it may be taken up now.
        let wasPromised = ledger.entries[output]?.mustBeCancelled ?? false
        ledger.note(output) { $0.mustBeCancelled = false }
        let view = await asked(output, "retry") { try await $0.askForJob("POST", "/api/v1/jobs/\(id)/retry") }
        if view == nil, ledger.entries[output]?.isUncertain == false {
            ledger.note(output) { $0.mustBeCancelled = wasPromised }
        }
    }

    private func prioritise(_ number: Int, _ priority: String) async {
        guard let (output, id) = ledger.job(number) else { return }
        ledger.note(output) { $0.priorities.insert(priority) }
        let view = await asked(output, "prioritise") {
            try await $0.askForJob("PATCH", "/api/v1/jobs/\(id)", JobChange(priority: priority))
        }
        guard let view else { return }
        if view.priority != priority { faults.append("job \(id) was made \(priority), and answered \(view.priority)") }
        ledger.note(output) { if !$0.isUncertain { $0.priorities = [priority] } }
    }

    private func steer(_ method: String, _ number: Int, _ path: String) async {
        guard let name = places[.worker(number)]?.name else { return }
        _ = await asked(nil, "\(method) \(name)") { try await $0.ask(method, "/api/v1/workers/\(name)\(path)") }
    }

    /// The answer to something that was asked for about a job; `nil` when it was refused, or none came.
    private func asked<Answer: Sendable>(
        _ output: String?, _ what: String, _ work: (ChaosUser) async throws -> Answer?
    ) async -> Answer? {
        do {
            let answer = try await work(user)
            if answer == nil {
                note("  no answer to \(what) \(output ?? "")")
                if let output { ledger.note(output) { $0.isUncertain = true } }
            }
            return answer
        } catch let error as ChaosUser.Refused {
            note("  \(what) \(output ?? ""): \(error)")
            if error.status >= 500, error.status != 507 { faults.append("\(what): \(error)") }
        } catch {
            faults.append("\(what): \(error)")
        }
        return nil
    }

    // MARK: Rest

    /// Sets everything right, and waits until all workers are in.
    func rest() async throws {
        note("rest")
        for number in 0..<workers { try await places[.worker(number)]?.network?.set("up") }
        for (machine, place) in places {
            wake(machine)
            try await place.disk.free()
        }
        await lookForTheDead()
        try await begin(.coordinator)
        for number in 0..<workers { try await begin(.worker(number)) }
        await errands?.value
    }

    /// Asks a machine's process to end; what goes wrong then is a fault.
    func leave(_ machine: ChaosDeed.Machine) async {
        do { try await end(machine, by: SIGTERM) } catch { faults.append("\(machine) does not end: \(error)") }
    }

    /// Copies everything to a place that stays; gives its path.
    func keep(as name: String) async throws -> String {
        for (machine, place) in places {
            append(
                "\(machine): \(place.process?.events.map { "\($0.name) \($0.members)" } ?? [])\n",
                to: directory.file("logs/said"))
        }
        let place = FileManager.default.temporaryDirectory.path + "/\(name)-\(getpid())"
        _ = try await ChildProcess.run("cp", ["-r", directory.path, place])
        return place
    }
}
