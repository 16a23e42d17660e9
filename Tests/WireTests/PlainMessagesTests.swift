// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletWire
import Testing

@Suite("Messages of plain workers")
struct PlainMessagesTests {
    /// The examples of the protocol, as they stand.
    private static let heartbeat = """
        {"worker_id": "gaming-pc-room", "ip_address": "192.168.1.50", "port": 8080, "os": "windows", "hw_accel": ["nvenc", "cuda", "d3d11va"], "status": "idle", "cpu_usage": 5}
        """
    private static let assignment = """
        {"job_id": "550e8400-e29b-41d4-a716-446655440000", "source_path": "movies/sci-fi/interstellar.mkv", "resolution": "1080p", "bitrate": "10M", "start_time": 0, "is_mesh_mode": false}
        """
    private static let status = """
        {"job_id": "550e8400-e29b-41d4-a716-446655440000", "state": "processing", "progress": 12.5, "fps": 48, "stream_url": "http://192.168.1.50:8080/hls/interstellar/index.m3u8"}
        """

    private func json(_ text: String) throws -> JSONValue { try JSONText.value(JSONValue.self, from: Array(text.utf8)) }

    private func read<Value: Decodable>(_ type: Value.Type, _ text: String) throws -> Value {
        try JSONText.value(type, from: Array(text.utf8))
    }

    @Test("A heartbeat is read as it is written, and written as it is read")
    func heartbeats() throws {
        let read = try read(PlainHeartbeat.self, Self.heartbeat)
        #expect(
            read
                == PlainHeartbeat(
                    workerID: WorkerID("gaming-pc-room"), ipAddress: "192.168.1.50", port: 8080, os: "windows",
                    hwAccel: ["nvenc", "cuda", "d3d11va"], status: "idle", cpuUsage: 5))
        #expect(try json(JSONText.text(read)) == json(Self.heartbeat))
    }

    @Test("An assignment is read as it is written, and written as it is read")
    func assignments() throws {
        let read = try read(PlainAssignment.self, Self.assignment)
        #expect(
            read
                == PlainAssignment(
                    jobID: JobID("550e8400-e29b-41d4-a716-446655440000"), sourcePath: "movies/sci-fi/interstellar.mkv",
                    resolution: "1080p", bitrate: "10M", startTime: 0))
        #expect(try json(JSONText.text(read)) == json(Self.assignment))
    }

    @Test("A status is read as it is written, and written as it is read")
    func statuses() throws {
        let read = try read(PlainStatus.self, Self.status)
        #expect(
            read
                == PlainStatus(
                    jobID: JobID("550e8400-e29b-41d4-a716-446655440000"), state: "processing", progress: 12.5, fps: 48,
                    streamURL: "http://192.168.1.50:8080/hls/interstellar/index.m3u8"))
        #expect(try json(JSONText.text(read)) == json(Self.status))
    }

    @Test("Other programs may say less or more, as long as the name is there")
    func others() throws {
        let least = try read(PlainHeartbeat.self, #"{"worker_id": "a", "gpu": {"name": "x"}, "cpu_usage": 12.5}"#)
        #expect(least == PlainHeartbeat(workerID: WorkerID("a"), cpuUsage: 12.5))
        #expect(throws: DecodingError.self) { try self.read(PlainHeartbeat.self, #"{"status": "idle"}"#) }
        let assignment = try read(PlainAssignment.self, #"{"job_id": "a", "source_path": "b", "codec": "av1"}"#)
        #expect(assignment.startTime == 0 && !assignment.isMeshMode && assignment.resolution == nil)
        let status = try read(
            PlainStatus.self, #"{"job_id": "a", "state": "failed", "error": "No.", "worker_id": "w"}"#)
        #expect(status.error == "No." && status.workerID == WorkerID("w") && status.progress == nil)
    }
}
