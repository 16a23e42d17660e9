// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletHost
import MartletModel
import MartletPorts
import MartletTestKit
import Testing

/// How busy the machine is.
@Suite struct LoadProbeTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func put(_ text: String, _ path: String) throws {
        let name = "root" + path
        try LocalFiles().makeDirectory(directory.file(name.split(separator: "/").dropLast().joined(separator: "/")))
        _ = try directory.write(text, to: name)
    }

    /// A process that has used so many ticks, itself and by children that ended.
    private func process(_ number: Int, parent: Int, name: String = "x", ticks: [Int]) throws {
        let fields = ["\(number)", "(\(name))", "S", "\(parent)"] + Array(repeating: "0", count: 9)
        let text = (fields + ticks.map { "\($0)" } + ["20", "0", "1"]).joined(separator: " ")
        try put(text, "/proc/\(number)/stat")
    }

    @Test("What Martlet and its children use is not what others use")
    func shares() throws {
        try put("cpu  100 0 100 800 0 0 0 0 0 0\ncpu0 1 2 3\n", "/proc/stat")
        try put("MemTotal: 1000 kB\nMemFree: 1 kB\nMemAvailable: 400 kB\n", "/proc/meminfo")
        try process(50, parent: 1, ticks: [10, 0, 0, 0])
        let probe = LoadProbe(root: directory.file("root"), process: 50)
        try put("cpu  180 0 110 900 10 0 0 0 0 0\n", "/proc/stat")
        try process(50, parent: 1, ticks: [20, 0, 5, 5])
        try process(51, parent: 50, name: "ff) mpeg", ticks: [20, 0, 0, 0])
        try process(52, parent: 51, ticks: [0, 10, 0, 0])
        try process(60, parent: 1, ticks: [999, 0, 0, 0])
        let load = probe.measure()
        // 200 ticks went by; 110 of them idle or waiting; 50 were Martlet's own.
        #expect(abs(load.processors - 0.45) < 1e-9)
        #expect(abs(load.others - 0.2) < 1e-9)
        #expect(load.memory == ByteCount(600 * 1024))
        #expect(load.temperature == nil)
    }

    @Test("The hottest sensor of a processor is its temperature")
    func temperature() throws {
        try put("k10temp\n", "/sys/class/hwmon/hwmon0/name")
        try put("54250\n", "/sys/class/hwmon/hwmon0/temp1_input")
        try put("nvme\n", "/sys/class/hwmon/hwmon1/name")
        try put("80000\n", "/sys/class/hwmon/hwmon1/temp1_input")
        try put("x86_pkg_temp\n", "/sys/class/thermal/thermal_zone0/type")
        try put("61000\n", "/sys/class/thermal/thermal_zone0/temp")
        #expect(LoadProbe(root: directory.file("root"), process: 1).measure().temperature == 61)
    }

    @Test("This machine's own figures are within bounds")
    func real() throws {
        let probe = LoadProbe()
        var sum = 0
        for number in 0..<3_000_000 { sum &+= number }
        let load = probe.measure()
        #expect(sum > 0)
        #expect((0...1).contains(load.processors))
        #expect((0...load.processors).contains(load.others))
        #expect(load.memory > .mebibytes(10))
    }

    @Test("Graphics processors are named, screens of virtual machines are not")
    func graphics() async throws {
        try put("DRIVER=i915\nPCI_ID=8086:3E92\n", "/sys/class/drm/card0/device/uevent")
        try put("DRIVER=virtio_gpu\nPCI_ID=1AF4:1050\n", "/sys/class/drm/card1/device/uevent")
        try put("x", "/sys/class/drm/card0-HDMI-A-1/status")
        let probe = GraphicsProbe(root: directory.file("root"), launcher: ProcessRunner(), path: directory.file("bin"))
        #expect(await probe.names() == ["Intel 8086:3e92"])
        try LocalFiles().makeDirectory(directory.file("bin"))
        _ = try await directory.script("echo 'NVIDIA GeForce RTX 3060'", to: "bin/nvidia-smi")
        #expect(await probe.names() == ["NVIDIA GeForce RTX 3060", "Intel 8086:3e92"])
    }
}
