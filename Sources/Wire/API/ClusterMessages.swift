// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// A worker, as the API shows it.
package struct WorkerView: Sendable, Equatable, Codable {
    package var id: WorkerID
    package var state: WorkerState
    package var health: WorkerHealth
    package var slots: Int
    /// Whether it takes nothing new for now, since its owner uses the machine or its disk is full; `nil` for no.
    package var paused: Bool?
    /// The tasks that it runs.
    package var running: [RunningTask]
    package var os: String?
    package var hwAccel: [String]
    package var encoders: [String]
    package var ffmpeg: String?
    package var version: String?
    /// Percent of all processors.
    package var cpuUsage: Double?
    package var memoryBytes: Int64?
    package var temperatureC: Double?
    /// Reference seconds of work a second.
    package var speed: Double?
    /// Milliseconds since the last message.
    package var lastHeardMs: Int64
    package var tasksCompleted: Int
    package var tasksFailed: Int
    /// `websocket`, `http` or `local`.
    package var transport: String
    package var address: String?

    /// A task that a worker runs.
    package struct RunningTask: Sendable, Equatable, Codable {
        package var job: JobID
        package var task: TaskID

        /// Makes it.
        package init(job: JobID, task: TaskID) {
            self.job = job
            self.task = task
        }
    }

    /// The JSON names.
    enum CodingKeys: String, CodingKey {
        case id, state, health, slots, paused, running, os, encoders, ffmpeg, version, speed, transport, address
        case hwAccel = "hw_accel"
        case cpuUsage = "cpu_usage"
        case memoryBytes = "memory_bytes"
        case temperatureC = "temperature_c"
        case lastHeardMs = "last_heard_ms"
        case tasksCompleted = "tasks_completed"
        case tasksFailed = "tasks_failed"
    }

    /// Makes a view.
    package init(
        id: WorkerID, state: WorkerState, health: WorkerHealth, slots: Int, running: [RunningTask] = [],
        hwAccel: [String] = [], encoders: [String] = [], lastHeardMs: Int64 = 0, tasksCompleted: Int = 0,
        tasksFailed: Int = 0, transport: String
    ) {
        self.id = id
        self.state = state
        self.health = health
        self.slots = slots
        self.running = running
        self.hwAccel = hwAccel
        self.encoders = encoders
        self.lastHeardMs = lastHeardMs
        self.tasksCompleted = tasksCompleted
        self.tasksFailed = tasksFailed
        self.transport = transport
    }
}

/// `GET /api/v1/stats`.
package struct StatsView: Sendable, Equatable, Codable {
    /// Jobs by state.
    package var jobs: [String: Int]
    /// Tasks of jobs that are not over, by state.
    package var tasks: [String: Int]
    /// Workers by state.
    package var workers: [String: Int]
    /// Output frames a second of everything that runs.
    package var fps: Double
    /// Seconds since the coordinator began.
    package var uptimeS: Double

    /// The JSON names.
    enum CodingKeys: String, CodingKey {
        case jobs, tasks, workers, fps
        case uptimeS = "uptime_s"
    }

    /// Makes it.
    package init(jobs: [String: Int], tasks: [String: Int], workers: [String: Int], fps: Double, uptimeS: Double) {
        self.jobs = jobs
        self.tasks = tasks
        self.workers = workers
        self.fps = fps
        self.uptimeS = uptimeS
    }
}
