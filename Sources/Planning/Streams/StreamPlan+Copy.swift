// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel

extension StreamPlan {
    /// The sound that goes with a picture that is not encoded anew: the film's own when all of it can be carried and is
    /// of one codec, so that players may change the language; else the encoded one.
    package var soundsOfCopy: [AudioRendition] {
        let (encoded, copied) = (audio.filter { !$0.isCopy }, audio.filter(\.isCopy))
        let isWhole = Set(copied.map(\.stream)) == Set(encoded.map(\.stream))
        return isWhole && Set(copied.map(\.codecName)).count == 1 ? copied : encoded
    }

    /// The master playlist of the film's own picture.
    ///
    /// - Parameters:
    ///   - copy: the picture.
    ///   - codec: its codec's name, RFC 6381.
    ///   - uri: where its playlist is.
    ///   - query: added to every other address after `?`; empty for none.
    package func master(of copy: PictureCopy, codec: String, uri: String, query: String) -> String {
        let query = query.isEmpty ? "" : "?" + query
        let sounds = soundsOfCopy
        let seconds = max(1, copy.timeline.durationMicroseconds / 1_000_000)
        let rate = film.source.bitRate?.bitsPerSecond ?? film.source.fingerprint.size.bytes * 8 / seconds
        let size = film.picture?.video.map { ShownSize($0) }
        let variant = MasterPlaylist.Variant(
            bandwidth: rate * 2, averageBandwidth: rate, codecs: [codec] + Set(sounds.map(\.codecName)).sorted(),
            size: (Int((size?.width ?? 0).rounded()), Int((size?.height ?? 0).rounded())),
            frameRate: Double(copy.timeline.mostMilliframesPerSecond) / 1000, videoRange: videoRange,
            audioGroup: sounds.isEmpty ? nil : "sound", uri: uri)
        return MasterPlaylist(
            variants: [variant], sounds: renditions(sounds, group: "sound", query: query),
            subtitles: captions(query: query), remarks: notCarried
        ).text
    }

    private var videoRange: String {
        switch film.picture?.video?.color.transfer {
        case "smpte2084": "PQ"
        case "arib-std-b67": "HLG"
        default: "SDR"
        }
    }
}
