// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import FoundationEssentials
import MartletModel
import MartletWire
import Testing

@Suite("Messages about events")
struct EventMessageTests {
    private static let job = JobID("film-1")
    private static let task = TaskID("video-00001")
    private static let worker = WorkerID("attic")

    private static let events: [Event] = [
        .jobSubmitted(job), .jobStateChanged(job, .combining), .jobCompleted(job),
        .jobFailed(job, code: "media.not_media", message: "no film"),
        .taskStarted(job, task, worker, attempt: 2), .taskProgress(job, task, frames: 3, of: 240),
        .taskCompleted(job, task, frames: 240, reused: true), .taskFailed(job, task, message: "crashed"),
        .taskRetried(job, task, attempt: 3, reason: "crashed"), .workerRegistered(worker),
        .workerStateChanged(worker, .draining), .workerUnregistered(worker),
        .progress(job, .joining, fraction: 0.5, framesPerSecond: 48, remainingSeconds: 2.5),
        .progress(job, .encoding, fraction: 0, framesPerSecond: 0, remainingSeconds: nil),
        .warning(job, "mind the gap"),
    ]

    @Test("Every event comes back as it went", arguments: events)
    func roundTrip(event: Event) throws {
        let data = try JSONEncoder().encode(EventMessage(event))
        #expect(try JSONDecoder().decode(EventMessage.self, from: data).event == event)
    }

    @Test("Progress is a flat object by the names of the API")
    func names() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        let event = Event.progress(Self.job, .encoding, fraction: 0.5, framesPerSecond: 48, remainingSeconds: 2.5)
        #expect(
            String(decoding: try encoder.encode(EventMessage(event)), as: UTF8.self)
                == #"{"eta_s":2.5,"event":"progress","fps":48,"job_id":"film-1","progress":0.5,"stage":"encoding"}"#)
        #expect(EventMessage(event).name == "progress")
    }

    @Test("Progress without its optional parts is read")
    func short() throws {
        let text = #"{"event": "progress", "job_id": "film-1", "progress": 0.25}"#
        let read = try JSONDecoder().decode(EventMessage.self, from: Data(text.utf8))
        #expect(
            read.event
                == .progress(Self.job, .encoding, fraction: 0.25, framesPerSecond: 0, remainingSeconds: nil))
    }

    @Test("What is no event is refused", arguments: [#"{"event": "else"}"#, #"{"event": "jobCompleted"}"#, "[]"])
    func unknown(text: String) {
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode(EventMessage.self, from: Data(text.utf8))
        }
    }
}
