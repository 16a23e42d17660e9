// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel
package import MartletPorts

extension TaskSpecification {
    /// A task of an encoded segment; every part that does not matter has some value.
    package static func sample(
        _ id: String = "video-0000", segment: Int = 0, frames: Int = 250, cost: Double = 1,
        memoryMebibytes: Int64 = 100,
        encoder: String = "libx264", inputs: [String] = []
    ) -> TaskSpecification {
        TaskSpecification(
            id: TaskID(id), kind: .encode(segment: segment),
            command: FFmpegCommand([.text("-i"), .source, .text("-c:v"), .text(encoder), .output]),
            expectation: .frameCount(frames), encoder: encoder, fileExtension: "mkv", cost: cost,
            memory: .mebibytes(memoryMebibytes), inputs: inputs.map { TaskID($0) })
    }

    /// `count` tasks of equal segments, `video-0000` and on.
    package static func samples(_ count: Int, cost: Double = 1) -> [TaskSpecification] {
        (0..<count).map { index in
            let number = String(index)
            let name = "video-" + String(repeating: "0", count: max(4 - number.count, 0)) + number
            return sample(name, segment: index, cost: cost)
        }
    }
}

extension Artifact {
    /// The result of a task, as if it had worked.
    package static func sample(_ task: TaskID, count: Int = 250) -> Artifact {
        Artifact(
            task: task, fileName: "\(task).mkv", size: ByteCount(100_000), digest: String(repeating: "0f", count: 32),
            count: count, payload: ByteCount(99_000))
    }
}

extension JobPlan {
    /// The plan of a film with this many segments of 250 frames.
    package static func sample(segments count: Int = 2) -> JobPlan {
        let segments = (0..<count).map { index in
            Segment(
                index: index, firstFrame: index * 250, frameCount: 250, startTime: Int64(index) * 250_000,
                endTime: index == count - 1 ? nil : Int64(index + 1) * 250_000, timesDigest: UInt64.max - UInt64(index),
                seek: index == 0
                    ? nil : SeekPoint(keyframeTime: Int64(index) * 250_000, seekMicroseconds: 1, leadInFrames: 0))
        }
        let picture = StreamDescription(
            index: 0, kind: .video, codec: "h264", timeBase: TimeBase(1, 25_000),
            video: VideoProperties(width: 1920, height: 1080))
        let source = SourceDescription(
            path: "/films/a \"b\" é.mkv", fingerprint: .sample, formatName: "matroska,webm",
            tags: [Tag("title", "Ünïcode")], streams: [picture])
        return JobPlan(
            parameters: TranscodeParameters(), source: source, encoder: "libx264", segments: segments,
            videoTimeBase: TimeBase(1, 25_000),
            layout: OutputLayout(
                container: .mp4,
                streams: [
                    OutputStream(
                        sourceIndex: 0, kind: .video, origin: .segments, codec: "h264", disposition: .default, tags: [])
                ]))
    }
}

extension Fingerprint {
    /// Some content.
    package static let sample = Fingerprint(
        size: ByteCount(123_456_789), modifiedNanoseconds: 1_700_000_000_123_456_789,
        digest: String(repeating: "ab", count: 32))
}

extension JobRecord {
    /// A new job.
    package static func sample(
        _ id: String = "job-1", plan: JobPlan? = nil, createdMilliseconds: Int64 = 1_700_000_000_000
    ) -> JobRecord {
        JobRecord(
            id: JobID(id), name: "A film", source: "/films/a.mkv", fingerprint: .sample, output: "/films/a.mp4",
            parameters: TranscodeParameters(), plan: plan, createdMilliseconds: createdMilliseconds)
    }
}

extension WorkerProfile {
    /// A worker with these slots.
    package static func sample(
        _ id: String = "w1", slots: Int = 1, memoryMebibytes: Int64 = 8192, buildDigest: String = "build",
        encoders: Set<String> = []
    ) -> WorkerProfile {
        WorkerProfile(
            id: WorkerID(id), slots: slots, memory: .mebibytes(memoryMebibytes), buildDigest: buildDigest,
            encoders: encoders)
    }
}
