// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPlanning
import Testing

@testable import martlet

@Suite struct ProgressTests {
    private func state(_ events: Event...) -> ProgressState {
        var state = ProgressState()
        state.take(Samples.planned)
        for event in events { state.take(event) }
        return state
    }

    private let job = Samples.job
    private let first = TaskID("video-00000")
    private let second = TaskID("video-00001")
    private let worker = WorkerID("w")

    @Test func eventsMoveTheSegmentsOn() {
        #expect(state().segments == [.waiting, .waiting])
        #expect(state(.taskStarted(job, first, worker, attempt: 1)).segments == [.running(0), .waiting])
        #expect(state(.taskProgress(job, first, frames: 60, of: 240)).segments == [.running(0.25), .waiting])
        #expect(state(.taskCompleted(job, second, frames: 57, reused: true)).segments == [.waiting, .reused])
        #expect(state(.taskFailed(job, first, message: "")).segments == [.retrying, .waiting])
    }

    @Test func aLateReportTakesNothingBack() {
        let late = state(
            .taskCompleted(job, first, frames: 240, reused: false), .taskProgress(job, first, frames: 200, of: 240),
            .taskFailed(job, first, message: "late"))
        #expect(late.segments == [.done, .waiting])
    }

    @Test func soundTasksAreNoSegments() {
        #expect(state(.taskStarted(job, TaskID("audio-1"), worker, attempt: 1)).segments == [.waiting, .waiting])
    }

    @Test func anAnalysedSegmentWaitsForItsEncode() {
        let analysis = StagePlanner.analysisTask(0)
        #expect(state(.taskStarted(job, analysis, worker, attempt: 1)).segments[0] == .running(0))
        let analysed = state(
            .taskStarted(job, analysis, worker, attempt: 1), .taskCompleted(job, analysis, frames: 0, reused: false))
        #expect(analysed.segments[0] == .waiting)
    }

    @Test func aSegmentThatIsEncodedAgainIsNoLongerDone() {
        let again = StagePlanner.encodeTask(0, round: 1)
        let done = Event.taskCompleted(job, first, frames: 240, reused: false)
        #expect(state(done, .taskStarted(job, again, worker, attempt: 1)).segments[0] == .running(0))
        let twice = state(
            done, .taskStarted(job, again, worker, attempt: 1), .taskCompleted(job, again, frames: 240, reused: false))
        #expect(twice.segments[0] == .done)
    }

    @Test func theSpeedIsAgainstTheFilmsOwnRate() {
        #expect(state(.progress(job, .encoding, fraction: 0.5, framesPerSecond: 48, remainingSeconds: 3)).speed == 2)
    }

    @Test func theLiveDisplayShowsBarAndMap() {
        let state = state(
            .taskCompleted(job, first, frames: 240, reused: false), .taskProgress(job, second, frames: 10, of: 57),
            .progress(job, .encoding, fraction: 0.42, framesPerSecond: 118.4, remainingSeconds: 31))
        #expect(
            ProgressText(width: 80, usesColour: false).live(state) == [
                "42 % [===============>                      ]  118 fps  4.93x  0:31 left",
                "     [#>]  1 of 2 segments",
            ])
        #expect(
            ProgressText(width: 80, usesColour: true).live(state)[1]
                == "     [\u{1b}[32m#\u{1b}[33m>\u{1b}[0m]  1 of 2 segments")
    }

    @Test(arguments: [1, 10, 20, 30, 33, 40, 60, 79, 200], [1, 2, 7, 100, 1000])
    func noLineIsWiderThanTheTerminal(width: Int, count: Int) {
        var state = state(.progress(job, .encoding, fraction: 0.999, framesPerSecond: 12345.6, remainingSeconds: 36000))
        state.segments = Array(repeating: .running(0.2), count: count)
        for line in ProgressText(width: width, usesColour: false).live(state) { #expect(line.count < width) }
    }

    @Test func logsGetOneLine() {
        #expect(ProgressText.plain(ProgressState()) == "reading the source")
        #expect(
            ProgressText.plain(
                state(.progress(job, .encoding, fraction: 0.42, framesPerSecond: 24, remainingSeconds: nil)))
                == "42 %, 24.0 fps, 1.00x, 0 of 2 segments")
        #expect(ProgressText.plain(state(.jobStateChanged(job, .combining))) == "0 %, joining, 0 of 2 segments")
    }

    @Test func theMapHasAMarkForEachState() {
        let segments: [ProgressState.SegmentState] = [
            .done, .reused, .running(0.6), .running(0.5), .retrying, .waiting,
        ]
        #expect(SegmentMap.text(of: segments, width: 10) == "#+=>!.")
    }

    @Test func neighboursShareAMarkWhenThereIsNoRoom() {
        let done = Array(repeating: ProgressState.SegmentState.done, count: 5)
        let waiting = Array(repeating: ProgressState.SegmentState.waiting, count: 7)
        #expect(SegmentMap.text(of: done + waiting, width: 4) == "#=..")
        #expect(SegmentMap.text(of: done, width: 0) == "")
        #expect(SegmentMap.text(of: [], width: 5) == "")
    }

    @Test func aThrottleLetsThroughNowAndThen() {
        var throttle = Throttle()
        let passed = [0, 1, 4, 5, 6, 11].map { throttle.passes(.seconds($0), every: .seconds(5)) }
        #expect(passed == [true, false, false, true, false, true])
    }

    @Test func linesComeOftenerWhenMuchIsDone() {
        var throttle = Throttle()
        let told = [(0, 0), (0.5, 0.2), (1, 0.3), (2, 0.35), (3, 0.45), (4, 0.5), (8, 0.51)].map { time, share in
            throttle.passes(.seconds(time), share: share)
        }
        #expect(told == [true, false, true, false, true, false, true])
    }
}
