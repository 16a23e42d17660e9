// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel

extension StreamPlan {
    /// The master playlist.
    ///
    /// Every quality is there with the encoded sound, and once more with the film's own where that can be carried.
    ///
    /// - Parameters:
    ///   - query: added to every address after `?`; empty for none.
    ///   - pictures: the film in single pictures, where its playlist is served beside this one.
    package func master(query: String = "", pictures: TrickPlay? = nil) -> String {
        let query = query.isEmpty ? "" : "?" + query
        let (encoded, copied) = (audio.filter { !$0.isCopy }, audio.filter(\.isCopy))
        var groups: [(name: String, members: [AudioRendition])] = []
        if !encoded.isEmpty { groups.append(("sound", encoded)) }
        if !copied.isEmpty {
            // Tracks that cannot be carried as they are stand in this group as encoded: no language gets lost.
            let streams = Set(copied.map(\.stream))
            let all = copied + encoded.filter { !streams.contains($0.stream) }
            groups.append(("original", all.sorted { $0.stream < $1.stream }))
        }
        let sounds = groups.flatMap { renditions($0.members, group: $0.name, query: query) }
        let choices: [(name: String?, members: [AudioRendition])] =
            groups.isEmpty ? [(nil, [])] : groups.map { ($0.name, $0.members) }
        let variants = choices.flatMap { group in
            video.map { variant($0, group: group.name, sounds: group.members, query: query) }
        }
        var playlist = MasterPlaylist(
            variants: variants, sounds: sounds, subtitles: captions(query: query), remarks: notCarried)
        playlist.pictures = pictures?.variant(uri: "\(TrickPlay.name).m3u8" + query)
        return playlist.text
    }

    /// Sound tracks as a group of a master playlist, no two with the same name.
    ///
    /// - Parameter query: added to every address; with its `?`.
    func renditions(_ members: [AudioRendition], group: String, query: String) -> [MasterPlaylist.Rendition] {
        var taken: Set<String> = []
        return members.map { member in
            let name = taken.insert(member.title).inserted ? member.title : "\(member.title) (\(member.stream))"
            var rendition = MasterPlaylist.Rendition(
                group: group, name: name, language: member.language, isDefault: member.isDefault,
                channels: member.channels, uri: "\(member.name)/index.m3u8" + query)
            rendition.characteristics = member.characteristics
            return rendition
        }
    }

    /// The subtitle tracks for a master playlist.
    ///
    /// - Parameter query: added to every address; with its `?`.
    func captions(query: String) -> [MasterPlaylist.Rendition] {
        subtitles.map { track in
            var rendition = MasterPlaylist.Rendition(
                group: "subtitles", name: track.title, language: track.language, isDefault: track.isDefault,
                uri: "\(track.name)/index.m3u8" + query)
            rendition.isForced = track.isForced
            rendition.characteristics = track.characteristics
            return rendition
        }
    }

    private func variant(
        _ video: VideoRendition, group: String?, sounds: [AudioRendition], query: String
    ) -> MasterPlaylist.Variant {
        let isTS = options.container == .ts
        let sound = sounds.map { isTS ? TransportStream.rate(of: $0) : $0.rate.bitsPerSecond }.max() ?? 0
        func picture(_ rate: BitRate) -> Int64 { isTS ? TransportStream.rate(ofPicture: rate) : rate.bitsPerSecond }
        var codecs = [video.codecName]
        for sound in sounds where !codecs.contains(sound.codecName) { codecs.append(sound.codecName) }
        return MasterPlaylist.Variant(
            bandwidth: picture(video.peak) + sound, averageBandwidth: picture(video.average) + sound, codecs: codecs,
            size: video.size,
            frameRate: Double(timeline.mostMilliframesPerSecond) / 1000, videoRange: video.command.videoRange,
            audioGroup: group, uri: "\(video.name)/index.m3u8" + query)
    }

    /// The playlist of one rendition; `nil` when there is none of this name.
    ///
    /// - Parameter query: added to every address after `?`; empty for none.
    package func playlist(of rendition: String, query: String = "") -> String? {
        let query = query.isEmpty ? "" : "?" + query
        if subtitles(named: rendition) != nil {
            // One segment with all of the text.
            let entry = MediaPlaylist.Entry(microseconds: timeline.durationMicroseconds, uri: "all.vtt" + query)
            return MediaPlaylist(
                entries: [entry], map: nil,
                targetDuration: MediaPlaylist.targetDuration([timeline.durationMicroseconds]), isIndependent: false
            ).text
        }
        let durations: [Int64]
        if video(named: rendition) != nil {
            durations = (0..<timeline.count).map(timeline.microseconds)
        } else if let audio = audio(named: rendition) {
            durations = (0..<timeline.count).map(audio.grid.microseconds)
        } else {
            return nil
        }
        let entries = durations.enumerated().map { number, microseconds in
            MediaPlaylist.Entry(microseconds: microseconds, uri: "\(number).\(options.container.suffix)" + query)
        }
        return MediaPlaylist(
            entries: entries, map: options.container == .mp4 ? "init.mp4" + query : nil,
            targetDuration: targetDuration, isIndependent: true
        ).text
    }

    /// One for all renditions with media, as players that switch between them want it.
    private var targetDuration: Int {
        let pictures = (0..<timeline.count).map(timeline.microseconds)
        let sounds = audio.flatMap { audio in (0..<timeline.count).map(audio.grid.microseconds) }
        return MediaPlaylist.targetDuration(pictures + sounds)
    }
}
