// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import FoundationEssentials
import MartletCoordinator
import MartletFFmpeg
import MartletHost
import MartletMedia
import MartletModel
import MartletPorts
import MartletScheduling
import MartletWorker

/// The engine on this machine alone: a coordinator and one worker in this process.
struct LocalEngine: Engine {
    let program: FFmpegProgram
    let files = LocalFiles()
    let launcher = ProcessRunner()
    /// Where facts about this machine are kept between runs; `nil` for nowhere.
    let cacheDirectory: String?
    /// Where scans are kept between runs; `nil` for nowhere.
    let scanDirectory: String?
    let time = SystemTime()
    let reader: MediaReader
    let ffmpeg: FFmpegRunner
    let abilities: FFmpegCatalog
    let meter: FFmpegQualityMeter
    let scenes: SceneDetector
    let preparation: JobPreparation
    let facts: MachineFacts
    /// Where copies are made that do not outlive a command.
    let temporaryDirectory: String

    /// Composes the engine.
    ///
    /// - Parameter environment: the process's environment, for `MARTLET_FFMPEG`, `PATH` and the cache's place.
    /// - Throws: a `CodedError` when there is no ffmpeg.
    init(environment: [String: String]) throws {
        program = try FFmpegProgram.locate(environment: environment)
        let cache = Self.cacheDirectory(environment)
        cacheDirectory = cache
        scanDirectory = cache.map { "\($0)/scans" }
        reader = MediaReader(files: files, cacheDirectory: scanDirectory)
        ffmpeg = FFmpegRunner(program: program, launcher: launcher, time: time)
        abilities = FFmpegCatalog(program: program, launcher: launcher, time: time, cacheDirectory: cache)
        meter = FFmpegQualityMeter(program: program, launcher: launcher, time: time, catalog: abilities)
        scenes = SceneDetector(program: program, launcher: launcher, time: time)
        preparation = JobPreparation(
            prober: reader, catalog: abilities, scenes: scenes, restamper: MediaRestamper(files: files))
        facts = LocalMachine().facts
        // Copies of recordings are large, and /tmp is often in memory.
        temporaryDirectory = environment["TMPDIR"].flatMap { $0.hasPrefix("/") ? $0 : nil } ?? "/var/tmp"
    }

    /// Where scans and facts of ffmpeg are kept between runs, by the XDG rules; `nil` without a home.
    private static func cacheDirectory(_ environment: [String: String]) -> String? {
        if let place = environment["XDG_CACHE_HOME"], place.hasPrefix("/") { return place + "/martlet" }
        return environment["HOME"].map { $0 + "/.cache/martlet" }
    }
}
