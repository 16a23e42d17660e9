// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPlanning
package import MartletPorts
import MartletWire
import Synchronization

/// Measures what one slot of this machine does, in the unit that tasks state their effort in.
package struct SpeedMeasurement: Sendable {
    let encoder: any EncoderRunner
    let files: any FileStore
    let time: any TimeSource
    /// How many encodes run at once.
    let slots: Int
    /// How long they run.
    let duration: Duration
    let niceness: Int

    /// Makes a measurement.
    ///
    /// - Parameters:
    ///   - slots: how many encodes run at once.
    ///   - duration: how long they run.
    ///   - niceness: added to that of every run, 0 to 19.
    package init(
        encoder: any EncoderRunner, files: any FileStore, time: any TimeSource, slots: Int, duration: Duration,
        niceness: Int = 0
    ) {
        self.encoder = encoder
        self.files = files
        self.time = time
        self.slots = slots
        self.duration = duration
        self.niceness = niceness
    }

    private static let width = 640
    private static let height = 360

    /// Reference seconds of work that one slot does in a second, while all of them work; `nil` when none could be
    /// measured.
    func run() async throws -> Double? {
        guard let profile = EncoderProfile.named("libx264") else { return nil }
        let rates = await withTaskGroup(of: Double?.self) { group in
            for _ in 0..<slots { group.addTask { await rate() } }
            return await group.reduce(into: [Double]()) { rates, rate in if let rate { rates.append(rate) } }
        }
        try Task.checkCancellation()
        guard !rates.isEmpty else { return nil }
        let framesPerSecond = rates.reduce(0, +) / Double(slots)
        return framesPerSecond * profile.cost(frames: 1, pixels: Self.width * Self.height, preset: nil)
    }

    /// The speed as it was measured before, for as long or longer, with the same ffmpeg and as many slots; measured now
    /// when it was not.
    ///
    /// - Parameter directory: where results are kept; what fails there only costs time.
    package func remembered(build: EncoderBuild, processors: Int, in directory: String?) async throws -> Double? {
        if let speed = await known(build: build, processors: processors, in: directory) { return speed }
        let speed = try await run()
        guard let speed, let directory else { return speed }
        let path = path(build, processors, in: directory)
        if let text = try? MessageText.encode(Kept(speed: speed, seconds: duration.inSeconds)) {
            try? files.makeDirectory(directory)
            try? files.remove(path + ".new")
            try? await files.write(Array(text.utf8), to: path + ".new", at: 0)
            try? await files.publish(path + ".new", as: path)
        }
        return speed
    }

    /// The speed as it was measured before, for as long or longer, with the same ffmpeg and as many slots; `nil` when it
    /// was not.
    package func known(build: EncoderBuild, processors: Int, in directory: String?) async -> Double? {
        guard let directory, let text = try? await files.text(of: path(build, processors, in: directory)),
            let kept = try? MessageText.decode(Kept.self, from: text), kept.speed > 0,
            kept.seconds.map({ $0 >= duration.inSeconds }) ?? false
        else { return nil }
        return kept.speed
    }

    private func path(_ build: EncoderBuild, _ processors: Int, in directory: String) -> String {
        "\(directory)/speed-\(build.digest)-\(slots)-\(processors).json"
    }

    private struct Kept: Codable {
        var speed: Double
        /// How long it was measured; `nil` when that was not kept.
        var seconds: Double?
    }

    /// Frames a second of one encode with one thread, from its first report to its last, or from its start when there
    /// was only one.
    private func rate() async -> Double? {
        let run = EncoderRun(
            arguments: [
                "-f", "lavfi", "-i",
                "testsrc2=size=\(Self.width)x\(Self.height):rate=25,noise=alls=4:allf=t,format=yuv420p",
                "-c:v", "libx264", "-preset", "medium", "-threads", "1", "-f", "null", "-",
            ], niceness: niceness)
        let start = time.now()
        let reports = Mutex<(first: (Int, Moment)?, last: (Int, Moment)?)>((nil, nil))
        let encoding = Task { [encoder, time] in
            _ = try? await encoder.run(run) { progress in
                guard let frames = progress.frames, frames > 0 else { return }
                let report = (frames, time.now())
                reports.withLock { reports in
                    if reports.first == nil { reports.first = report }
                    reports.last = report
                }
            }
        }
        await withTaskCancellationHandler {
            try? await time.sleep(until: time.now() + duration)
            encoding.cancel()
            await encoding.value
        } onCancel: {
            encoding.cancel()
        }
        return reports.withLock { reports in
            guard let first = reports.first, let last = reports.last else { return nil }
            let (frames, begin) = last.1 > first.1 ? (last.0 - first.0, first.1) : (last.0, start)
            return last.1 > begin ? Double(frames) / (last.1 - begin).inSeconds : nil
        }
    }
}
