// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import FoundationEssentials
internal import Glibc
internal import MartletModel
package import MartletPorts

/// Reads what the machine has, and what of it a control group leaves to this process.
package struct MachineProbe {
    private let root: String

    /// Makes a probe of the file system at `root`, which stands for `/`.
    package init(root: String = "") { self.root = root }

    /// The facts, as they are now. A few small reads below `/proc` and `/sys`.
    ///
    /// Source: `cpu.max` and `memory.max` of
    /// <https://docs.kernel.org/admin-guide/cgroup-v2.html>, where the smallest
    /// value up to the root counts.
    package func facts() -> MachineFacts {
        // Counts the processors that this process's affinity mask allows.
        var processors = ProcessInfo.processInfo.activeProcessorCount
        var memory = Int64(clamping: ProcessInfo.processInfo.physicalMemory)
        for directory in groupDirectories() {
            if let share = processorShare(text(directory + "/cpu.max")) {
                processors = min(processors, Int(share.rounded(.up)))
            }
            if let limit = text(directory + "/memory.max").flatMap({ Int64($0) }) { memory = min(memory, limit) }
        }
        return MachineFacts(
            processors: max(1, processors), memory: ByteCount(memory), operatingSystem: operatingSystem(),
            hostName: hostName())
    }

    /// The directories of this process's control group and of all above it.
    private func groupDirectories() -> [String] {
        let mount = root + "/sys/fs/cgroup"
        let lines = text(root + "/proc/self/cgroup")?.split(separator: "\n") ?? []
        guard let line = lines.first(where: { $0.hasPrefix("0::/") }) else { return [] }
        var directories = [mount]
        for part in line.dropFirst(4).split(separator: "/") where part != ".." {
            directories.append((directories.last ?? mount) + "/" + part)
        }
        return directories
    }

    /// The processors that `cpu.max` grants: quota over period; `nil` for `max`.
    private func processorShare(_ text: String?) -> Double? {
        let numbers = text?.split(separator: " ").compactMap { Double($0) } ?? []
        guard numbers.count == 2, numbers[0] > 0, numbers[1] > 0 else { return nil }
        return numbers[0] / numbers[1]
    }

    private func text(_ path: String) -> String? {
        guard let content = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
        guard let last = content.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(content[...last].drop { $0.isWhitespace })
    }

    private func operatingSystem() -> String {
        let name = text(root + "/proc/sys/kernel/ostype") ?? "Linux"
        return text(root + "/proc/sys/kernel/osrelease").map { "\(name) \($0)" } ?? name
    }

    private func hostName() -> String {
        text(root + "/proc/sys/kernel/hostname") ?? ProcessInfo.processInfo.hostName
    }
}
