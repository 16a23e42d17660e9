// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import FoundationEssentials
import MartletModel
import MartletPlanning
import MartletPorts

/// `martlet bench`.
struct BenchCommand {
    /// What it runs with.
    var context: Context

    /// Runs the command.
    func run() async throws -> Ending {
        let engine = try context.makeEngine(context.settings)
        let directory = FileManager.default.temporaryDirectory.appending(path: "martlet-bench-\(UUID().uuidString)")
            .path
        do {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        } catch {
            throw CommandLineError(
                .outputUnwritable, "The directory \(directory) cannot be made.",
                advice: "Set TMPDIR to a directory with room.")
        }
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let bench = SpeedBench(
            engine: engine, directory: directory, processes: max(1, context.machine.facts.processors),
            duration: .milliseconds(Int64(context.settings.measurementSeconds * 1000)))
        let encoders = try await encoders(of: engine)
        context.print(BenchText.heading(processes: bench.processes))
        try await context.interruption.guarding {
            for size in SpeedBench.sizes {
                let film = try await bench.makeFilm(size)
                for encoder in encoders {
                    let speed = try await bench.measure(encoder, on: film, size)
                    context.print(BenchText.json(of: speed))
                    context.print(BenchText.row(of: speed))
                }
            }
        }
        return .success
    }

    /// The encoders of the codec or the name that was asked for, else all, as far as they work here.
    private func encoders(of engine: any Engine) async throws -> [EncoderProfile] {
        let build = try await engine.catalog.build()
        var wanted: [EncoderProfile]
        switch context.settings.codec {
        case nil: wanted = EncoderProfile.all
        case .codec(let codec): wanted = EncoderProfile.all.filter { $0.codec == codec }
        case .encoder(let name): wanted = EncoderProfile.all.filter { $0.name == name }
        case .copy: wanted = []
        }
        if case .encoder(let name) = context.settings.codec, wanted.isEmpty {
            throw CommandLineError(
                .badValue, "There is no encoder `\(name)` that Martlet can use.",
                advice: "`martlet doctor` shows which there are.")
        }
        wanted = wanted.filter { build.encoders.contains($0.name) }
        var working: [EncoderProfile] = []
        var reasons: [String] = []
        for profile in wanted {
            if let reason = await engine.catalog.failure(of: profile.name) {
                reasons.append("\(profile.name): \(reason)")
            } else {
                working.append(profile)
            }
        }
        guard !working.isEmpty else {
            let why = reasons.isEmpty ? "" : " (\(reasons.joined(separator: "; ")))"
            throw CommandLineError(
                .unfit, "No encoder that could be measured works here\(why).",
                advice: "`martlet doctor` shows which encoders work here.")
        }
        return working
    }
}
