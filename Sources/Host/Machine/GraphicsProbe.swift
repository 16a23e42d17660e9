// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import FoundationEssentials
package import MartletPorts
internal import Synchronization

/// Names the graphics processors of the machine.
package struct GraphicsProbe: Sendable {
    private let root: String
    private let launcher: any ProcessLauncher
    private let path: String

    /// Makes a probe.
    ///
    /// - Parameters:
    ///   - root: the file system that stands for `/` when devices are listed.
    ///   - path: the directories that `nvidia-smi` is looked for in, as in `PATH`.
    package init(
        root: String = "", launcher: any ProcessLauncher,
        path: String = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    ) {
        self.root = root
        self.launcher = launcher
        self.path = path
    }

    /// Their names, such as `Intel 8086:3e92` or `NVIDIA GeForce RTX 3060`; empty without any.
    package func names() async -> [String] {
        let devices = self.devices()
        let named = await nvidia()
        return named + devices.filter { named.isEmpty || !$0.hasPrefix("NVIDIA") }
    }

    /// What the kernel has a driver for.
    private func devices() -> [String] {
        let directory = root + "/sys/class/drm"
        let cards = ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).filter {
            $0.hasPrefix("card") && $0.dropFirst(4).allSatisfy(\.isNumber)
        }
        let makers = ["10de": "NVIDIA", "1002": "AMD", "8086": "Intel"]
        return cards.sorted().compactMap { card in
            guard let content = FileManager.default.contents(atPath: "\(directory)/\(card)/device/uevent") else {
                return nil
            }
            let lines = String(decoding: content, as: UTF8.self).split(separator: "\n")
            // Screens of virtual machines have no encoder, and most have no number either.
            guard let id = lines.first(where: { $0.hasPrefix("PCI_ID=") })?.dropFirst(7).lowercased(),
                let maker = makers[String(id.prefix(4))]
            else { return nil }
            return "\(maker) \(id)"
        }
    }

    private func nvidia() async -> [String] {
        let places = path.split(separator: ":").map(String.init) + ["/usr/lib/wsl/lib"]
        guard let program = places.map({ $0 + "/nvidia-smi" }).first(where: FileManager.default.isExecutableFile)
        else { return [] }
        let output = Mutex<[UInt8]>([])
        let command = ProcessCommand(
            executable: program, arguments: ["--query-gpu=name", "--format=csv,noheader"],
            // A driver that hangs must not hold the worker up.
            limits: ProcessLimits(cpuSeconds: 5))
        let ended = try? await launcher.run(
            command, output: { piece in output.withLock { $0 += piece } }, errors: { _ in })
        guard ended?.ending == .exited(0) else { return [] }
        return output.withLock { String(decoding: $0, as: UTF8.self) }.split(separator: "\n").map(String.init)
    }
}
