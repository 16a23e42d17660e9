// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// One unit of work of a job, complete: whoever holds it and the source can do it.
package struct TaskSpecification: Codable, Sendable, Hashable {
    /// What a task makes.
    package enum Kind: Codable, Sendable, Hashable {
        /// A quick encode of a segment, whose size tells its share of a bit rate; no part of the result.
        case analyse(segment: Int)
        /// The encoded picture of a segment.
        case encode(segment: Int)
        /// How like its source an encode of a segment is, frame by frame; no part of the result.
        case measure(segment: Int)
        /// The encoded sound of one source stream.
        case audio(stream: Int)
        /// A subtitle stream in another form.
        case subtitle(stream: Int)
    }

    /// What the result must be, to be believed.
    package enum Expectation: Codable, Sendable, Hashable {
        /// One picture stream with exactly these frames, each at its source time.
        case frames(Segment)
        /// One picture stream at a constant rate, or one list of scores, with exactly this many frames.
        case frameCount(Int)
        /// One sound stream, at least one packet, its length within 100 ms of this one, in microseconds (`nil`: any).
        case sound(durationMicroseconds: Int64?)
        /// One stream with any number of packets, also none.
        case anything
    }

    /// The task's name in its job.
    package var id: TaskID
    /// What it makes.
    package var kind: Kind
    /// The run of ffmpeg that makes it.
    package var command: FFmpegCommand
    /// What the result must be.
    package var expectation: Expectation
    /// FFmpeg's name of the encoder; used for slots, watchdog and messages.
    package var encoder: String
    /// The suffix of the result's file, without a dot, such as `mkv`.
    package var fileExtension: String
    /// Expected effort, in reference seconds; only compared with other tasks'.
    package var cost: Double
    /// Expected peak memory of the run.
    package var memory: ByteCount
    /// Tasks whose results this one reads; they are complete before it starts.
    package var inputs: [TaskID]
    /// How long, in milliseconds, a slow machine may need to read what comes
    /// before the first frame, or, without a picture, all that lies between two
    /// packets; `nil` for no time worth mentioning.
    package var silence: Int64?

    /// Makes a specification from its parts.
    package init(
        id: TaskID, kind: Kind, command: FFmpegCommand, expectation: Expectation, encoder: String,
        fileExtension: String, cost: Double, memory: ByteCount, inputs: [TaskID] = [],
        silence: Int64? = nil
    ) {
        self.id = id
        self.kind = kind
        self.command = command
        self.expectation = expectation
        self.encoder = encoder
        self.fileExtension = fileExtension
        self.cost = cost
        self.memory = memory
        self.inputs = inputs
        self.silence = silence
    }
}

/// Bytes that a task made, and what was seen in them.
package struct Artifact: Codable, Sendable, Hashable {
    /// The task that made it.
    package var task: TaskID
    /// The file's name in the job's artifact store.
    package var fileName: String
    /// Its size.
    package var size: ByteCount
    /// Its SHA-256, 64 hexadecimal digits.
    package var digest: String
    /// Frames (picture, scores) or packets (other streams) counted in it.
    package var count: Int
    /// Payload bytes of its packets, without the container's.
    package var payload: ByteCount
    /// The mean of the scores in it, on its measure's own scale; `nil` for results that are no scores.
    package var score: Double?

    /// Makes an artifact from its parts.
    package init(
        task: TaskID, fileName: String, size: ByteCount, digest: String, count: Int, payload: ByteCount,
        score: Double? = nil
    ) {
        self.task = task
        self.fileName = fileName
        self.size = size
        self.digest = digest
        self.count = count
        self.payload = payload
        self.score = score
    }
}
