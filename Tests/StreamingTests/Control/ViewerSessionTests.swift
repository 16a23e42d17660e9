// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPlanning
import Testing

@testable import MartletStreaming

@Suite struct ViewerSessionTests {
    private let timeline: StreamTimeline = {
        let film = ScriptedMaker.film(at: "/film.mkv")
        return StreamTimeline(index: film.index, source: film.source, durationMilliseconds: 4_000)
    }()

    private func session() -> ViewerSession { ViewerSession(film: "film", now: at(0)) }
    private func at(_ seconds: Double) -> Moment { Moment(nanoseconds: Int64(seconds * 1e9)) }

    private func ahead(_ session: ViewerSession) -> [String] {
        session.ahead(in: timeline, window: 16_000_000, sounds: ["a1", "a2"]).map { "\($0.rendition)/\($0.segment)" }
    }

    @Test func theNextSegmentIsNoNewPlaceAndNeitherIsTheSameAgain() {
        var session = session()
        let places = [(3, true), (4, false), (4, false), (5, false), (4, true), (9, true)]
        for (segment, isNew) in places {
            let answer1 = session.asked("720p", segment: segment, isPicture: true)
            #expect(answer1 == isNew, "\(segment)")
        }
        let answer2 = session.asked("a1", segment: 0, isPicture: false)
        #expect(!answer2)
        // Another quality goes on where the first one was.
        let answer3 = session.asked("240p", segment: 10, isPicture: true)
        #expect(!answer3)
    }

    @Test func soundIsThatWhichIsHeardAndComesBeforeThePicture() {
        var session = session()
        _ = session.asked("720p", segment: 3, isPicture: true)
        #expect(ahead(session) == ["a1/3", "a1/4", "720p/4", "a1/5", "720p/5", "a1/6", "720p/6", "a1/7", "720p/7"])
        _ = session.asked("a2", segment: 3, isPicture: false)
        #expect(ahead(session).first == "a2/3" && !ahead(session).contains("a1/4"))
    }

    @Test func nothingIsWantedBehindTheEnd() {
        var session = session()
        _ = session.asked("720p", segment: 21, isPicture: true)
        #expect(ahead(session) == ["a1/21"])
        #expect(ahead(self.session()) == [])
    }

    @Test func aQualityThatIsNewBeginsBehindWhatIsThere() {
        var session = session()
        #expect(session.expected("720p") == 0)
        _ = session.asked("720p", segment: 7, isPicture: true)
        #expect(session.expected("720p") == 7 && session.expected("240p") == 8 && session.expected("a1") == 8)
        _ = session.asked("a1", segment: 6, isPicture: false)
        #expect(session.expected("a1") == 6)
    }

    @Test func aSegmentIsLateWhenItsTimeToBePlayedIsOver() {
        var session = session()
        _ = session.asked("720p", segment: 3, isPicture: true)
        let answer4 = session.got(segment: 3, of: timeline, now: at(10))
        #expect(!answer4)
        // Segment 4 is played 4 s later.
        _ = session.asked("720p", segment: 4, isPicture: true)
        let answer5 = session.got(segment: 4, of: timeline, now: at(14))
        #expect(!answer5)
        _ = session.asked("720p", segment: 5, isPicture: true)
        let answer6 = session.got(segment: 5, of: timeline, now: at(18.5))
        #expect(answer6)
        // The play waited, and goes on from there.
        _ = session.asked("720p", segment: 6, isPicture: true)
        let answer7 = session.got(segment: 6, of: timeline, now: at(22.4))
        #expect(!answer7)
        // A new place is as late as it likes.
        _ = session.asked("720p", segment: 15, isPicture: true)
        let answer8 = session.got(segment: 15, of: timeline, now: at(400))
        #expect(!answer8)
    }
}
