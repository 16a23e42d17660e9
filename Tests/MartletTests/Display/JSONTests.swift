// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import FoundationEssentials
import MartletModel
import Testing

@testable import martlet

@Suite struct JSONTests {
    @Test func keysKeepTheirOrder() {
        let value = JSON.object([("b", .integer(1)), ("a", .list([.null, .bool(true), .number(0.5, places: 2)]))])
        #expect(value.line == #"{"b": 1, "a": [null, true, 0.50]}"#)
    }

    @Test(arguments: ["", "a\"b\\c", "line\nbreak\ttab\r", "\u{0}\u{1b}\u{7f}", "Füße 🎬", "\u{2028}"])
    func everyTextSurvives(text: String) throws {
        let line = JSON.list([.text(text)]).line
        #expect(!line.utf8.contains { $0 < 0x20 })
        #expect(try JSONDecoder().decode([String].self, from: Data(line.utf8)) == [text])
    }

    @Test func numbersThatAreNoneAreNull() {
        #expect(JSON.number(.infinity, places: 2).line == "null")
        #expect(JSON.number(orNull: nil, places: 2).line == "null")
    }

    @Test func theLastLineHasExactlyItsKeys() {
        #expect(
            FinalLine(job: JobID("j"), output: "o.mp4", frames: 3, segments: 2, reusedSegments: 1, seconds: 1.5).json
                .line
                == #"{"event": "completed", "job_id": "j", "output": "o.mp4", "frames": 3, "segments": 2, "reused_segments": 1, "seconds": 1.500}"#
        )
        #expect(
            FinalLine(error: "no").json.line
                == #"{"event": "failed", "job_id": null, "output": null, "frames": 0, "segments": 0, "reused_segments": 0, "seconds": 0.000, "error": "no"}"#
        )
    }

    @Test(arguments: [
        (
            Event.jobStateChanged(Samples.job, .combining),
            #"{"event": "jobStateChanged", "job_id": "film-0123456789ab", "state": "combining"}"#
        ),
        (
            .progress(Samples.job, .encoding, fraction: 0.25, framesPerSecond: 48, remainingSeconds: nil),
            #"{"event": "progress", "job_id": "film-0123456789ab", "stage": "encoding", "progress": 0.2500, "fps": 48.00, "eta_s": null}"#
        ),
        (
            .taskCompleted(Samples.job, TaskID("video-0001"), frames: 57, reused: true),
            #"{"event": "taskCompleted", "job_id": "film-0123456789ab", "task_id": "video-0001", "frames": 57, "reused": true}"#
        ),
        (.workerRegistered(WorkerID("w")), #"{"event": "workerRegistered", "worker_id": "w"}"#),
    ])
    func eventsBecomeObjects(event: Event, expected: String) {
        #expect(EventText.json(event).line == expected)
    }
}
