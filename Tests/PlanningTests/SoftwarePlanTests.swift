// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPlanning
import Testing

/// Plans whose hardware does not work, or failed at work.
@Suite struct SoftwarePlanTests {
    private static let index = Sample.index(frames: 2400)
    private static let streams = [Sample.video(), Sample.stream(1, .audio, "pcm_s16le")]

    private func hardwarePlan(_ change: (inout TranscodeParameters) -> Void = { _ in }) throws -> JobPlan {
        try Sample.plan(Self.streams, index: Self.index) { parameters in
            parameters.hardware = .vaapi
            change(&parameters)
        }
    }

    private func softwarePlan(insteadOf plan: JobPlan) throws -> JobPlan {
        try JobPlanner.softwarePlan(
            insteadOf: plan, index: Self.index, availability: Sample.availability,
            because: "hardware failed on worker box: no device")
    }

    @Test func pictureIsEncodedInSoftwareAndAllElseStays() throws {
        let hardware = try hardwarePlan()
        let software = try softwarePlan(insteadOf: hardware)
        #expect(hardware.encoder == "h264_vaapi")
        #expect(software.encoder == "libx264")
        #expect(software.abandonedEncoder == "h264_vaapi")
        #expect(software.segments == hardware.segments)
        #expect(software.layout == hardware.layout)
        #expect(software.parameters == hardware.parameters)
        #expect(
            software.warnings.last
                == "hardware failed on worker box: no device; encoding in software with libx264.")

        let before = try StagePlanner(plan: hardware, index: Self.index, codecMajorVersion: 59)
            .nextTasks(completed: [:])
        let stages = try StagePlanner(plan: software, index: Self.index, codecMajorVersion: 59)
        let after = try stages.nextTasks(completed: [:])
        // Other names for the picture's tasks, so that nothing of before is taken for one of these.
        let (sound, pictures) = (before.filter { $0.encoder == "aac" }, before.filter { $0.encoder != "aac" })
        #expect(sound.count == 1 && after.contains(sound[0]))
        #expect(after.count == before.count)
        #expect(Set(after.map(\.id)).intersection(pictures.map(\.id)).isEmpty)
        #expect(stages.segmentTasks(completed: [:]) == after.filter { $0.encoder == "libx264" }.map(\.id))
        // The same work as if it had been planned for software.
        let plain = try Sample.plan(Self.streams, index: Self.index)
        let plainTasks = try StagePlanner(plan: plain, index: Self.index, codecMajorVersion: 59)
            .nextTasks(completed: [:])
        #expect(plainTasks.map(\.command) == after.map(\.command))
    }

    @Test func allStagesHaveNamesOfTheirOwn() throws {
        let rate = try softwarePlan(insteadOf: hardwarePlan { $0.bitrate = BitRate(2_000_000) })
        let quality = try softwarePlan(
            insteadOf: hardwarePlan { $0.targetQuality = TargetQuality(metric: .ssim, value: 0.98) })
        for plan in [rate, quality] {
            let tasks = try StagePlanner(plan: plan, index: Self.index, codecMajorVersion: 59)
                .nextTasks(completed: [:])
            #expect(tasks.allSatisfy { $0.encoder == "aac" || $0.id.text.hasSuffix("-software") })
            #expect(tasks.count { $0.encoder == "libx264" } == plan.segments.count * (plan == rate ? 1 : 2))
        }
    }

    @Test func whatWasMeantForTheHardwareAloneIsLeftOutAndNamed() throws {
        let plan = try Sample.plan(Self.streams, index: Self.index) { parameters in
            parameters.codec = .encoder("h264_nvenc")
            parameters.preset = "p7"
            parameters.encoderOptions = [EncoderOption("bf", "2")]
        }
        #expect(plan.encoder == "libx264" && plan.parameters.preset == nil)
        #expect(plan.parameters.encoderOptions == [EncoderOption("bf", "2")])
        #expect(plan.warnings.contains("--preset p7 is left out: it was meant for h264_nvenc, not for libx264."))
    }

    @Test func jobThatInsistsOnHardwareIsRefusedWhereThereIsNone() throws {
        let required: (inout TranscodeParameters) -> Void = { parameters in
            parameters.hardware = .nvenc
            parameters.softwareFallback = false
        }
        let error = #expect(throws: PlanningError.self) { try Sample.plan(Self.streams, required) }
        #expect(error?.code == .encoderUnavailable)
        #expect(error?.message.contains("Cannot load libcuda.so.1") == true)
        // What does not exist at all, too.
        let other = #expect(throws: PlanningError.self) {
            try Sample.plan(Self.streams) { parameters in
                required(&parameters)
                parameters.codec = .codec(.vp9)
                parameters.container = .webm
                parameters.audioCodec = .opus
            }
        }
        #expect(other?.code == .encoderUnavailable)
        #expect(
            EncoderSelection.candidates(codec: .encoder("hevc_qsv"), hardware: .auto, mayFallBack: false)
                == ["hevc_qsv"])
        // Software that is named was never in question.
        #expect(
            try Sample.plan(Self.streams) { parameters in
                parameters.codec = .encoder("libx265")
                parameters.softwareFallback = false
            }.encoder == "libx265")
    }
}
