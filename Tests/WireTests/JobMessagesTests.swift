// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import FoundationEssentials
import MartletModel
import MartletWire
import Testing

@Suite("Messages about jobs")
struct JobMessagesTests {
    @Test("A submission is read by the names of the API")
    func submission() throws {
        let text = """
            {"name": "film", "source": "movies:a.mkv", "output": "movies:a.mp4", "priority": "high",
             "params": {"codec": "av1", "resolution": "1080p", "bitrate": "10M", "options": {"preset": "8"}},
             "segment_duration_s": 6, "callback_url": "http://127.0.0.1:1/done"}
            """
        let read = try JSONDecoder().decode(JobSubmission.self, from: Data(text.utf8))
        #expect(read.source == "movies:a.mkv")
        #expect(read.params?.options == ["preset": "8"])
        #expect(read.segmentDurationS == 6)
        #expect(read.callbackURL == "http://127.0.0.1:1/done")
        #expect(read.overwrite == nil)
    }
}
