// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPlanning
import Testing

@Suite struct TargetQualityTests {
    private static let target = TargetQuality(metric: .ssim, value: 0.98)

    private func stages(
        _ index: FrameIndex,
        _ properties: VideoProperties = VideoProperties(width: 1280, height: 720, pixelFormat: "yuv420p"),
        _ change: (inout TranscodeParameters) -> Void = { _ in }
    ) throws -> StagePlanner {
        let plan = try Sample.plan([Sample.video(properties)], index: index) {
            $0.targetQuality = Self.target
            change(&$0)
        }
        return try StagePlanner(plan: plan, index: index, codecMajorVersion: 59)
    }

    /// The result of a task, as if it had worked.
    private func result(_ task: TaskSpecification, score: Double? = nil) -> Artifact {
        Artifact(
            task: task.id, fileName: "", size: ByteCount(1), digest: "", count: 1, payload: ByteCount(1), score: score)
    }

    private func quality(_ task: TaskSpecification) -> String? {
        let words = Sample.text(task.command).split(separator: " ")
        return words.firstIndex(of: "-crf:v").map { String(words[$0 + 1]) }
    }

    @Test func everyEncodeIsFollowedByItsMeasurement() throws {
        let tasks = try stages(Sample.index(frames: 600)).nextTasks(completed: [:])
        #expect(tasks.map(\.id.text) == ["video-00000", "score-00000", "video-00001", "score-00001"])
        #expect(tasks[3].kind == .measure(segment: 1))
        #expect(tasks[3].inputs == [tasks[2].id])
        #expect(tasks[3].expectation == .frameCount(300))
        #expect(tasks.allSatisfy { $0.cost > 0 })
    }

    @Test func segmentsAreEncodedAgainUntilEachIsGoodEnough() throws {
        let stages = try stages(Sample.index(frames: 600))
        var completed: [TaskID: Artifact] = [:]
        func complete(_ tasks: [TaskSpecification], _ scores: [Double]) {
            let measured = tasks.filter { $0.kind == .measure(segment: 0) || $0.kind == .measure(segment: 1) }
            for task in tasks { completed[task.id] = result(task) }
            for (task, score) in zip(measured, scores) { completed[task.id] = result(task, score: score) }
        }
        let first = try stages.nextTasks(completed: [:])
        #expect(first.compactMap(quality) == ["23", "23"])
        #expect(stages.segmentTasks(completed: [:]) == ["video-00000", "video-00001"].map { TaskID($0) })
        complete(first, [0.9805, 0.96])
        let second = try stages.nextTasks(completed: completed)
        #expect(second.map(\.id.text) == ["video-00001-again-1", "score-00001-again-1"])
        #expect(second.compactMap(quality) == ["17"])
        // The stage that is not complete comes again, and later runs decide alike.
        completed[second[0].id] = result(second[0])
        #expect(try stages.nextTasks(completed: completed) == second)
        complete(second, [0.984])
        let third = try stages.nextTasks(completed: completed)
        #expect(third.compactMap(quality) == ["18.25"])
        complete(third, [0.9785])
        #expect(try stages.nextTasks(completed: completed).isEmpty)
        #expect(
            stages.segmentTasks(completed: completed) == ["video-00000", "video-00001-again-2"].map { TaskID($0) })
    }

    @Test func theMeasurementReadsTheSourceAsTheEncodeDoes() throws {
        let tasks = try stages(Sample.index(frames: 2400)).nextTasks(completed: [:])
        #expect(
            Sample.text(tasks[3].command) == """
                -copyts -noaccurate_seek -ss 12.130434 -threads 1 -flags unaligned -noautorotate -i file:IN \
                -threads 1 -noautorotate -i file:video-00001 -filter_complex_threads 1 -filter_complex \
                [0:0]trim=start_pts=12000:end_pts=24000,\
                scale=w=1280:h=720:flags=bicubic+accurate_rnd+bitexact+full_chroma_int,format=pix_fmts=yuv420p,setsar=sar=0,\
                scale=flags=bicubic+accurate_rnd+bitexact+full_chroma_int:in_range=full:out_range=full,\
                format=pix_fmts=yuv420p,settb=expr=1/1000,setpts=expr=N[ref];\
                [1:0]scale=flags=bicubic+accurate_rnd+bitexact+full_chroma_int:in_range=full:out_range=full,\
                format=pix_fmts=yuv420p,settb=expr=1/1000,setpts=expr=N[dis];\
                [dis][ref]ssim=eof_action=pass:repeatlast=0:stats_file=OUT[out] \
                -map [out] -fps_mode passthrough -f null -
                """)
    }

    @Test func hardwareIsMeasuredWithoutItsDevice() throws {
        let tasks = try stages(Sample.index(frames: 2400)) { $0.codec = .encoder("h264_vaapi") }.nextTasks(
            completed: [:]
        )
        #expect(Sample.text(tasks[0].command).contains("hwupload"))
        let measurement = Sample.text(tasks[1].command)
        #expect(!measurement.contains("hwupload"))
        #expect(!measurement.contains("-init_hw_device"))
        #expect(measurement.contains("format=pix_fmts=yuv420p,settb"))
    }

    @Test func aMeasureThatThisFFmpegLacksIsRefused() {
        let error = #expect(throws: PlanningError.self) {
            try Sample.plan([Sample.video()]) { $0.targetQuality = TargetQuality(metric: .vmaf, value: 95) }
        }
        #expect(error?.code == .measureUnavailable)
        #expect(error?.message.contains("has no libvmaf") == true)
        #expect(error?.advice?.contains("ssim:0.98") == true)
        #expect(error?.exitStatus == .usage)
    }
}
