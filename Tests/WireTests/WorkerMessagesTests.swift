// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletWire
import Testing

@Suite struct WorkerMessagesTests {
    @Test("A worker that knows nothing of joining before it has measured is let in as one that has")
    func registrationOfBefore() throws {
        let text = """
            {"register": {"_0": {
                "profile": {
                    "id": "attic", "slots": 2, "memory": {"bytes": 4096}, "buildDigest": "d", "encoders": ["libx264"]},
                "build": {
                    "version": "5.1", "codecMajorVersion": 59, "digest": "d", "filters": [], "encoders": ["libx264"]},
                "instance": "one", "holding": [], "protocolVersion": 1}}}
            """
        let message = try MessageText.decode(WorkerMessage.self, from: text)
        guard case .register(let registration) = message else {
            Issue.record("\(message)")
            return
        }
        #expect(registration.profile.isMeasuring == false)
        #expect(registration.profile.slots == 2)
        #expect(try MessageText.decode(WorkerMessage.self, from: try MessageText.encode(message)) == message)
    }
}
