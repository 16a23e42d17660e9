// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel
internal import MartletPlanning

/// What is known of one viewer of one film: where the play is, and what it will want.
struct ViewerSession {
    /// The film that is played, as parts name it.
    var film: String
    /// The picture's rendition, and the segment that was asked for last.
    var picture: (rendition: String, segment: Int)?
    /// The sound's, likewise.
    var sound: (rendition: String, segment: Int)?
    /// When something was asked for last.
    var lastSeen: Moment
    /// When which moment of the film was there to be played, in microseconds of the film.
    private var anchor: (film: Int64, moment: Moment)?

    /// Makes a session that begins.
    init(film: String, now: Moment) {
        self.film = film
        lastSeen = now
    }

    /// Notes that a segment is asked for.
    ///
    /// - Returns: whether the viewer begins there, or went there from elsewhere.
    mutating func asked(_ rendition: String, segment: Int, isPicture: Bool) -> Bool {
        guard isPicture else {
            sound = (rendition, segment)
            return false
        }
        let isNew = picture.map { !($0.segment...$0.segment + 1).contains(segment) } ?? true
        picture = (rendition, segment)
        if isNew { anchor = nil }
        return isNew
    }

    /// The segment that a rendition will be asked for next, as far as can be told.
    func expected(_ rendition: String) -> Int {
        if let sound, sound.rendition == rendition { return sound.segment }
        guard let picture else { return sound.map(\.segment) ?? 0 }
        // Sound goes with the picture that is there; another quality begins behind it.
        return picture.rendition == rendition ? picture.segment : picture.segment + 1
    }

    /// Notes that a picture segment was handed out.
    ///
    /// - Returns: whether that was after its time to be played, if the viewer plays without a pause.
    mutating func got(segment: Int, of timeline: StreamTimeline, now: Moment) -> Bool {
        let start = timeline.startMicroseconds(of: segment)
        guard let known = anchor else {
            anchor = (start, now)
            return false
        }
        guard now > known.moment + .microseconds(start - known.film) else { return false }
        anchor = (start, now)
        return true
    }

    /// What will be wanted next, the next first, sound before picture.
    ///
    /// - Parameters:
    ///   - window: how far behind the segment that was asked for last, in microseconds.
    ///   - sounds: the film's sound renditions; the first is played unless another was asked for.
    func ahead(
        in timeline: StreamTimeline, window: Int64, sounds: [String]
    ) -> [(rendition: String, segment: Int)] {
        let place = picture?.segment ?? sound?.segment ?? 0
        let end = timeline.startMicroseconds(of: min(place + 1, timeline.count)) + window
        let heard = sound?.rendition ?? (picture == nil ? nil : sounds.first)
        var next: [(rendition: String, segment: Int)] = []
        for segment in place..<timeline.count where timeline.startMicroseconds(of: segment) < end {
            if let heard { next.append((heard, segment)) }
            if let picture, segment > picture.segment { next.append((picture.rendition, segment)) }
        }
        return next
    }
}
