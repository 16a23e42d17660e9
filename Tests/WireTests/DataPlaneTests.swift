// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPorts
import MartletTestKit
import MartletWire
import Testing

/// What travels besides JSON.
@Suite struct DataPlaneTests {
    private let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    @Test("A digest is written as RFC 9530 has it, and read back")
    func digests() {
        let field = "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"
        #expect(DataPlane.digestField(empty) == field)
        #expect(DataPlane.digest(inField: field) == empty)
        #expect(DataPlane.digest(inField: "sha-512=:AAAA:, \(field)") == empty)
    }

    @Test("What is no SHA-256 is none", arguments: ["", "sha-256=:AAAA:", "sha-512=:AAAA:", "sha-256", "=,="])
    func noDigest(field: String) {
        #expect(DataPlane.digest(inField: field) == nil)
        #expect(DataPlane.digestField(field) == nil)
    }

    @Test("Names are encoded in paths and queries")
    func encoding() {
        #expect(DataPlane.sourcePath(of: JobID("a/ü")) == "/api/v1/jobs/a%2F%C3%BC/source")
        let lease = LeaseToken(job: JobID("j"), task: TaskID("t"), epoch: Epoch(2), worker: WorkerID("my pc&x=1"))
        #expect(
            DataPlane.uploadQuery(lease, offset: 5, size: 9)
                == "task=t&epoch=2&worker=my%20pc%26x%3D1&offset=5&size=9")
        #expect(DataPlane.entityTag(of: .sample).hasSuffix("-123456789\""))
    }

    @Test("Messages are read as they were written")
    func messages() throws {
        let lease = LeaseToken(job: JobID("j"), task: TaskID("t"), epoch: Epoch(2), worker: WorkerID("w"))
        let said: [WorkerMessage] = [
            .heartbeat(holding: [lease], load: WorkerLoad(processors: 0.5, memory: ByteCount(1), takesTasks: false)),
            .progress(lease, RunProgress(frames: 3)), .finished(lease, .completed(.sample(TaskID("t")))),
            .finished(lease, .interrupted), .leaving,
        ]
        for message in said {
            #expect(try MessageText.decode(WorkerMessage.self, from: MessageText.encode(message)) == message)
        }
        let answer = CoordinatorMessage.welcome(chunkSize: 1, heartbeatMilliseconds: 2)
        #expect(try MessageText.decode(CoordinatorMessage.self, from: MessageText.encode(answer)) == answer)
    }
}
