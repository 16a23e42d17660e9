// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// One thing that the monkey does to a cluster.
enum ChaosDeed: Sendable, Hashable, CustomStringConvertible {
    /// A machine of the cluster; workers are numbered from 0.
    enum Machine: Sendable, Hashable, CustomStringConvertible {
        case coordinator
        case worker(Int)

        var description: String {
            switch self {
            case .coordinator: "coordinator"
            case .worker(let number): "worker \(number)"
            }
        }
    }

    /// Submits films, all at once.
    case submit([ChaosOrder])
    /// Cancels a job; jobs are counted round and round in the order of their submission.
    case cancel(Int)
    /// Takes a job up again that is over.
    case retry(Int)
    /// Makes a job more or less urgent.
    case prioritise(Int, String)
    /// Kills the process there with SIGKILL.
    case kill(Machine)
    /// Asks the process there to end, and waits until it has.
    case end(Machine)
    /// Starts it again on what it left behind.
    case start(Machine)
    /// Starts a worker of another name on an empty disk in its place.
    case replace(Int)
    /// Stops the process there with SIGSTOP.
    case stop(Machine)
    /// Lets it go on.
    case wake(Machine)
    /// Pulls a worker's network cable.
    case cut(Int)
    /// Puts it in again.
    case mend(Int)
    /// Leaves no space on a machine's disk.
    case fill(Machine)
    /// Frees it.
    case free(Machine)
    /// Kills what a machine's process has started: an ffmpeg, or a reader of films.
    case killChild(Machine, Int)
    /// Stops an ffmpeg of a worker.
    case stopEncoder(Int, Int)
    /// Lets every stopped ffmpeg of a worker go on.
    case wakeEncoders(Int)
    /// Stops an ffmpeg of a worker for good.
    case hangEncoder(Int, Int)
    /// Gives a worker nothing new.
    case drain(Int)
    /// Takes a worker out.
    case remove(Int)

    var description: String {
        switch self {
        case .submit(let orders): "submit " + orders.map(\.description).joined(separator: ", ")
        case .cancel(let job): "cancel job \(job)"
        case .retry(let job): "retry job \(job)"
        case .prioritise(let job, let priority): "make job \(job) \(priority)"
        case .kill(let machine): "kill -9 \(machine)"
        case .end(let machine): "terminate \(machine)"
        case .start(let machine): "start \(machine)"
        case .replace(let worker): "replace worker \(worker)"
        case .stop(let machine): "stop \(machine)"
        case .wake(let machine): "wake \(machine)"
        case .cut(let worker): "cut the network of worker \(worker)"
        case .mend(let worker): "mend the network of worker \(worker)"
        case .fill(let machine): "fill the disk of \(machine)"
        case .free(let machine): "free the disk of \(machine)"
        case .killChild(let machine, let number): "kill -9 child \(number) of \(machine)"
        case .stopEncoder(let worker, let number): "stop ffmpeg \(number) of worker \(worker)"
        case .hangEncoder(let worker, let number): "hang ffmpeg \(number) of worker \(worker)"
        case .wakeEncoders(let worker): "wake every ffmpeg of worker \(worker)"
        case .drain(let worker): "drain worker \(worker)"
        case .remove(let worker): "remove worker \(worker)"
        }
    }
}

/// What a submission asks for.
struct ChaosOrder: Sendable, Hashable, CustomStringConvertible {
    /// A fixture.
    var film: String
    /// Of the output.
    var suffix: String
    /// Encoding options, by their names on the command line, and values.
    var options: [String: String]

    var description: String {
        "\(film) to \(suffix)" + options.sorted { $0.key < $1.key }.map { " \($0.key) \($0.value)" }.joined()
    }

    /// What costs little.
    static let light = [
        ChaosOrder(film: "tiny.mkv", suffix: "mp4", options: ["preset": "ultrafast"]),
        ChaosOrder(film: "h264_closed.mp4", suffix: "mkv", options: ["preset": "ultrafast"]),
        ChaosOrder(film: "minute.mp4", suffix: "mp4", options: ["preset": "ultrafast", "crf": "35"]),
    ]

    /// Everything, with other codecs, and stages that wait for each other.
    static let all =
        light + [
            ChaosOrder(film: "minute.mp4", suffix: "mkv", options: ["preset": "slow"]),
            ChaosOrder(film: "minute.mp4", suffix: "mkv", options: ["preset": "ultrafast", "codec": "hevc"]),
            ChaosOrder(film: "vfr_sound.mkv", suffix: "mkv", options: ["preset": "veryfast", "bitrate": "150k"]),
        ]
}
