// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletFFmpeg
import MartletHost
import MartletModel
import MartletPorts
import Testing

/// One after the other: each test keeps the processors busy with ffmpeg.
@Suite(.serialized) struct FFmpegCatalogTests {
    let bench: Bench

    init() throws { bench = try Bench() }

    /// Starts nothing.
    struct NoLauncher: ProcessLauncher {
        func run(
            _ command: ProcessCommand, output: @escaping @Sendable ([UInt8]) -> Void,
            errors: @escaping @Sendable ([UInt8]) -> Void
        ) async throws -> ProcessResult {
            throw HostError(.cannotStart, .start, path: command.executable, "Nothing may be started.")
        }
    }

    private func catalog(
        _ program: FFmpegProgram? = nil, launcher: any ProcessLauncher = ProcessRunner(), cache: String? = nil
    ) -> FFmpegCatalog {
        FFmpegCatalog(
            program: program ?? bench.program, launcher: launcher, time: SystemTime(), cacheDirectory: cache)
    }

    @Test func theInstalledBuildIsRead() async throws {
        let build = try await catalog().build()
        #expect(build.encoders.isSuperset(of: ["libx264", "aac", "ffv1", "mov_text"]))
        #expect(build.filters.isSuperset(of: ["ssim", "psnr", "trim", "scdet"]))
        #expect(!build.encoders.contains("="))
        #expect(build.codecMajorVersion >= 59)
        #expect(build.digest.count == 16)
        #expect(build.version.first?.isNumber == true || build.version.hasPrefix("N-"))
    }

    @Test func laterStartsRunNothing() async throws {
        let first = try await catalog(cache: bench.path("cache")).build()
        let second = try await catalog(launcher: NoLauncher(), cache: bench.path("cache")).build()
        #expect(first == second)
    }

    @Test func anEncoderThatWorkedIsNotTriedAgainInALaterStart() async throws {
        let cache = bench.path("cache")
        #expect(await catalog(cache: cache).failure(of: "libx264") == nil)
        let later = catalog(launcher: NoLauncher(), cache: cache)
        #expect(await later.failure(of: "libx264") == nil)
        #expect(await later.failure(of: "aac") != nil, "what was never tried has to be")
    }

    @Test func aChangedProgramIsReadAgain() async throws {
        let copy = FFmpegProgram(path: bench.path("ffmpeg"))
        try FileManager.default.createSymbolicLink(atPath: copy.path, withDestinationPath: bench.program.path)
        _ = try await catalog(copy, cache: bench.path("cache")).build()
        try FileManager.default.removeItem(atPath: copy.path)
        _ = try bench.script("ffmpeg", "exec \(bench.program.path) \"$@\"")
        await #expect(throws: FFmpegError.self) {
            try await catalog(copy, launcher: NoLauncher(), cache: bench.path("cache")).build()
        }
        _ = try await catalog(copy, cache: bench.path("cache")).build()
    }

    @Test func aDamagedCacheOnlyCostsTime() async throws {
        let first = try await catalog(cache: bench.path("cache")).build()
        for name in try FileManager.default.contentsOfDirectory(atPath: bench.path("cache")) {
            _ = try bench.text("cache/\(name)", "{ broken")
        }
        #expect(try await catalog(cache: bench.path("cache")).build() == first)
        #expect(try await catalog(cache: "/proc/nowhere").build() == first)
    }

    @Test func anOldBuildIsRefusedWithAdvice() async throws {
        let old = try bench.script(
            "old", "echo 'ffmpeg version 4.4.2 Copyright'; echo 'libavcodec     58.134.100 / 58.134.100'")
        let error = await #expect(throws: FFmpegError.self) { try await catalog(old).build() }
        #expect(error?.code == .tooOld)
        #expect(error?.message.contains("4.4.2") == true)
        #expect(error?.advice?.contains("5.1") == true)
    }

    @Test func aProgramThatIsNotFFmpegIsRefused() async throws {
        for body in ["echo hello", "exit 3"] {
            let error = await #expect(throws: FFmpegError.self) {
                try await catalog(bench.script("other", body)).build()
            }
            #expect(error?.code == .missing)
        }
    }

    @Test func aMissingProgramIsReportedWithAdvice() throws {
        for environment in [["PATH": bench.directory], ["MARTLET_FFMPEG": bench.path("none"), "PATH": "/usr/bin"]] {
            let error = #expect(throws: FFmpegError.self) { try FFmpegProgram.locate(environment: environment) }
            #expect(error?.code == .missing)
            #expect(error?.advice?.contains("apt install ffmpeg") == true)
        }
    }

    @Test func anExplicitPathBeatsTheEnvironmentAndThatBeatsThePath() throws {
        let one = try bench.script("one", "true")
        let two = try bench.script("ffmpeg", "true")
        let environment = ["MARTLET_FFMPEG": one.path, "PATH": bench.directory]
        #expect(try FFmpegProgram.locate(explicit: two.path, environment: environment) == two)
        #expect(try FFmpegProgram.locate(environment: environment) == one)
        #expect(try FFmpegProgram.locate(environment: ["PATH": bench.directory]) == two)
    }

    @Test(arguments: ["libx264", "libx265", "libsvtav1", "libvpx-vp9", "ffv1", "aac", "libopus", "mov_text"])
    func softwareEncodersPassTheirTrial(encoder: String) async {
        #expect(await catalog().failure(of: encoder) == nil)
    }

    @Test(
        .enabled(if: !FileManager.default.fileExists(atPath: "/dev/dri"), "needs a machine without a graphics card"),
        arguments: [
            ("h264_nvenc", "libcuda"), ("h264_vaapi", "/dev/dri"), ("h264_qsv", "MFX"), ("h264_nothing", "no encoder"),
        ])
    func missingHardwareIsNamedInOneLine(encoder: String, phrase: String) async throws {
        let reason = try #require(await catalog().failure(of: encoder))
        #expect(reason.contains(phrase))
        #expect(!reason.contains("\n") && !reason.hasPrefix("["))
    }
}
