// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletWire

/// Workers of a cluster, for people.
struct WorkerText: Sendable {
    /// The room there is; `nil` for as much as is needed.
    var width: Int?
    /// Whether more is said.
    var isVerbose = false

    /// A table of workers.
    func list(_ workers: [WorkerView]) -> String {
        guard !workers.isEmpty else {
            return "There are no workers. `martlet work --coordinator URL` makes a machine one.\n"
        }
        var columns: [Table.Column] = [
            .init(heading: "WORKER", mayShrink: true), .init(heading: "STATE"), .init(heading: "HEALTH"),
            .init(heading: "TASKS", isNumber: true), .init(heading: "STREAMS", isNumber: true),
            .init(heading: "CPU", isNumber: true),
            .init(heading: "TEMP", isNumber: true), .init(heading: "SPEED", isNumber: true),
            .init(heading: "DONE", isNumber: true), .init(heading: "FAILED", isNumber: true),
            .init(heading: "HEARD"), .init(heading: "HARDWARE", mayShrink: true),
        ]
        if isVerbose {
            columns += [
                .init(heading: "OVER"), .init(heading: "ADDRESS"), .init(heading: "SYSTEM"),
                .init(heading: "VERSION"), .init(heading: "FFMPEG"), .init(heading: "ENCODERS"),
            ]
        }
        let fastest = workers.compactMap(\.speed).max() ?? 0
        return Table(columns: columns, rows: workers.map { row($0, fastest: fastest) }).text(
            width: isVerbose ? nil : width)
    }

    /// - Parameter fastest: the speed that is shown as 100 %.
    private func row(_ worker: WorkerView, fastest: Double) -> [String] {
        let streams = worker.running.count { $0.task == TaskID.stream }
        // What serves streams alone has its one place for them.
        let tasks = worker.transport == "http" ? "" : "\(worker.running.count - streams) of \(worker.slots)"
        var row = [
            worker.id.text, worker.state.rawValue + (worker.paused == true ? ", paused" : ""), worker.health.rawValue,
            tasks,
            worker.address == nil ? "" : "\(streams) of 1", worker.cpuUsage.map { Figures.decimal($0, 0) + " %" } ?? "",
            worker.temperatureC.map { Figures.decimal($0, 0) + " C" } ?? "",
            worker.speed.map { fastest > 0 ? Figures.percent($0 / fastest) : "" } ?? "", "\(worker.tasksCompleted)",
            "\(worker.tasksFailed)", Figures.ago(Double(worker.lastHeardMs) / 1000),
            worker.hwAccel.joined(separator: " "),
        ]
        if isVerbose {
            row += [
                worker.transport, worker.address ?? "", worker.os ?? "", worker.version ?? "", worker.ffmpeg ?? "",
                worker.encoders.joined(separator: " "),
            ]
        }
        return row.map(Figures.harmless)
    }
}
