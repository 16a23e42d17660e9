// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import FoundationEssentials
internal import MartletModel
package import MartletPorts
internal import Synchronization

/// Reads from `/proc` and `/sys` how busy the machine is.
///
/// Source: <https://man7.org/linux/man-pages/man5/proc_stat.5.html>,
/// <https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html>
package final class LoadProbe: LoadMeter {
    /// Clock ticks since the start of the machine, of all processors together.
    private struct Times {
        var total: Int64 = 0
        var idle: Int64 = 0
        /// Of this process, of its children, and of theirs.
        var own: Int64 = 0
    }

    private let root: String
    private let process: Int32
    private let last: Mutex<Times>

    /// Begins to measure.
    ///
    /// - Parameters:
    ///   - root: the file system that stands for `/`.
    ///   - process: whose use counts as Martlet's own.
    package init(root: String = "", process: Int32 = ProcessInfo.processInfo.processIdentifier) {
        self.root = root
        self.process = process
        last = Mutex(Self.times(root, process))
    }

    package func measure() -> MachineLoad {
        let now = Self.times(root, process)
        let before = last.withLock { last in
            defer { last = now }
            return last
        }
        let total = Double(max(1, now.total - before.total))
        let processors = min(1, max(0, (total - Double(now.idle - before.idle)) / total))
        // The time of a child moves to its parent when it ends, and is not always seen in both states.
        let own = min(processors, max(0, Double(now.own - before.own) / total))
        return MachineLoad(
            processors: processors, others: processors - own, memory: usedMemory, temperature: temperature)
    }

    private static func times(_ root: String, _ process: Int32) -> Times {
        var times = Times()
        let fields = text(root + "/proc/stat")?.prefix { $0 != "\n" }.split(separator: " ").dropFirst() ?? []
        // What guests use is counted in the first two already.
        let ticks = fields.prefix(8).compactMap { Int64($0) }
        guard ticks.count >= 5 else { return times }
        times.total = ticks.reduce(0, +)
        times.idle = ticks[3] + ticks[4]
        times.own = ownTicks(root, process)
        return times
    }

    /// What a process and all below it have used.
    private static func ownTicks(_ root: String, _ process: Int32) -> Int64 {
        var ticks: [Int32: Int64] = [:]
        var children: [Int32: [Int32]] = [:]
        for name in (try? FileManager.default.contentsOfDirectory(atPath: root + "/proc")) ?? [] {
            guard let number = Int32(name), let stat = text("\(root)/proc/\(name)/stat"),
                // The second field is the program's name, which may hold anything.
                let bracket = stat.lastIndex(of: ")")
            else { continue }
            let fields = stat[bracket...].split(separator: " ").dropFirst().map { Int64($0) }
            guard fields.count > 14, let parent = fields[1] else { continue }
            ticks[number] = fields[11...14].reduce(0) { $0 + ($1 ?? 0) }
            children[Int32(truncatingIfNeeded: parent), default: []].append(number)
        }
        var sum: Int64 = 0
        var waiting = [process]
        while let next = waiting.popLast() {
            sum += ticks[next] ?? 0
            waiting += children[next] ?? []
        }
        return sum
    }

    private var usedMemory: ByteCount {
        var kibibytes: [Substring: Int64] = [:]
        for line in Self.text(root + "/proc/meminfo")?.split(separator: "\n") ?? [] {
            let words = line.split(separator: " ")
            if words.count >= 2 { kibibytes[words[0]] = Int64(words[1]) }
        }
        guard let total = kibibytes["MemTotal:"], let available = kibibytes["MemAvailable:"] else {
            return ByteCount(0)
        }
        return ByteCount((total - available) * 1024)
    }

    /// The hottest of the sensors that belong to processors.
    private var temperature: Double? {
        let chips: Set<String> = ["coretemp", "k10temp", "zenpower", "cpu_thermal", "soc_thermal"]
        var readings: [Double] = []
        for chip in list("/sys/class/hwmon") where chips.contains(Self.line("\(root)/sys/class/hwmon/\(chip)/name")) {
            for file in list("/sys/class/hwmon/\(chip)") where file.hasPrefix("temp") && file.hasSuffix("_input") {
                if let value = Double(Self.line("\(root)/sys/class/hwmon/\(chip)/\(file)")) { readings.append(value) }
            }
        }
        for zone in list("/sys/class/thermal") where zone.hasPrefix("thermal_zone") {
            let type = Self.line("\(root)/sys/class/thermal/\(zone)/type").lowercased()
            guard ["cpu", "x86_pkg", "soc"].contains(where: { type.hasPrefix($0) }) else { continue }
            if let value = Double(Self.line("\(root)/sys/class/thermal/\(zone)/temp")) { readings.append(value) }
        }
        return readings.filter { $0 > 0 }.max().map { $0 / 1000 }
    }

    private func list(_ path: String) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: root + path)) ?? []
    }

    private static func line(_ path: String) -> String {
        String((text(path) ?? "").prefix { $0 != "\n" })
    }

    private static func text(_ path: String) -> String? {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
    }
}
