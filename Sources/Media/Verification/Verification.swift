// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel
internal import MartletPorts

/// One check of a file against its source, both already read.
struct Verification {
    /// The file.
    let result: FileSurvey
    /// The source.
    let original: FileSurvey
    /// What the source is.
    let source: SourceDescription
    /// The source's frames; `nil` without a picture.
    let index: FrameIndex?
    /// What was planned; `nil` for a file made elsewhere.
    let plan: JobPlan?
    /// The source's streams that the file's container cannot hold; read without a plan.
    let unheld: Set<Int>

    /// How far sound may seem to move against the picture at the start: less than
    /// eyes and ears notice, or the encoder's delay, which Matroska does not tell of AAC.
    private func syncTolerance(_ pair: Pair) -> Double { max(0.040, 1.25 * codecFrame(pair)) }
    /// How far lengths and ends of sound may differ: a few codec frames.
    private func lengthTolerance(_ pair: Pair) -> Double { max(0.100, 2.5 * codecFrame(pair)) }
    /// 1,024 samples, in seconds.
    private func codecFrame(_ pair: Pair) -> Double { 1_024 / Double(max(pair.result.sampleRate, 8_000)) }

    /// Looks at everything.
    func report() -> VerificationReport {
        var checks: [VerificationReport.Check] = []
        var frames = 0
        if let index, let picture {
            frames = picture.count
            checks += pictureChecks(picture, index)
        } else if index != nil {
            checks.append(check("frame count", false, "the file has no picture"))
        }
        let pairs = pairs
        checks += pairs.filter { $0.result.kind == .audio }.flatMap(soundChecks)
        checks.append(streamCheck)
        checks.append(chapterCheck)
        checks += roleChecks(pairs)
        return VerificationReport(checks: checks, frames: frames)
    }

    // MARK: Picture

    /// The file's main picture.
    var picture: FileSurvey.Track? {
        if plan != nil, let index,
            let place = planned.firstIndex(where: { $0.sourceIndex == index.streamIndex }),
            place < present.count, present[place].kind == .video
        {
            return present[place]
        }
        let pictures = present.filter { $0.kind == .video }
        return pictures.first { $0.disposition.contains(.default) } ?? pictures.first
    }

    private func pictureChecks(_ picture: FileSurvey.Track, _ index: FrameIndex) -> [VerificationReport.Check] {
        let rate = plan?.constantRate
        let count = rate == nil ? index.frameCount : plan?.resultFrames ?? 0
        let clock = rate.map { FrameClock(index: index, originMicroseconds: 0, rate: $0, count: count) }
        let times = clock?.times ?? index.presentationTimes
        let base = clock?.timeBase ?? index.timeBase
        let comparison = TimeComparison(expected: times, base, actual: picture.times, picture.timeBase)
        let common = min(times.count, picture.times.count)
        let stray =
            comparison.firstStray.map { "; frame \($0) is the first that is off" }
            ?? (comparison.isEqual ? "" : "; only the first \(common) frames are in both")
        let length = clock.map { $0.presentation(count) - $0.presentation(0) } ?? index.duration
        let wanted = MediaTime(ticks: length, timeBase: base).seconds
        let actual = (picture.endSeconds ?? 0) - (picture.startSeconds ?? 0)
        let last = MediaTime(ticks: clock?.lastDuration ?? index.lastFrameDuration, timeBase: base).seconds
        // Containers know the length of the last frame badly: it may be off by as much as frames are apart.
        let usual = count > 1 ? wanted / Double(count) : 0
        return [
            check("frame count", picture.count == count, "\(picture.count) of \(count)"),
            check(
                "presentation times", comparison.isEqual,
                "largest difference \(milliseconds(comparison.largest)), allowed \(milliseconds(comparison.allowed)), "
                    + "start moved by \(milliseconds(comparison.shift))\(stray)"),
            check(
                "picture length", abs(actual - wanted) <= max(last, usual) + 0.001,
                "\(seconds(actual)) of \(seconds(wanted))"),
        ]
    }

    // MARK: Sound

    private func soundChecks(_ pair: Pair) -> [VerificationReport.Check] {
        let name = "sound \(pair.result.index)"
        guard let start = pair.result.startSeconds, let end = pair.result.endSeconds,
            let firstStart = pair.original.startSeconds, let firstEnd = pair.original.endSeconds
        else {
            let isSame = pair.result.count == 0 && pair.original.count == 0
            return [check("\(name) length", isSame, "\(pair.result.count) packets of \(pair.original.count)")]
        }
        let (length, wanted) = (end - start, firstEnd - firstStart)
        var checks = [
            check(
                "\(name) length", abs(length - wanted) <= lengthTolerance(pair),
                "\(seconds(length)) of \(seconds(wanted))")
        ]
        guard let index, let picture, let shown = picture.startSeconds, let shownLast = picture.times.last,
            let first = index.presentationTimes.first, let last = index.presentationTimes.last
        else { return checks }
        func time(_ ticks: Int64, _ base: TimeBase) -> Double { MediaTime(ticks: ticks, timeBase: base).seconds }
        let atStart = (start - shown) - (firstStart - time(first, index.timeBase))
        checks.append(
            check(
                "\(name) sync at start", abs(atStart) <= syncTolerance(pair),
                "sound moved by \(milliseconds(atStart * 1_000)) against the picture"))
        guard plan?.constantRate == nil else { return checks }
        let atEnd = (end - time(shownLast, picture.timeBase)) - (firstEnd - time(last, index.timeBase))
        checks.append(
            check(
                "\(name) sync at end", abs(atEnd) <= lengthTolerance(pair),
                "sound moved by \(milliseconds(atEnd * 1_000)) against the picture"))
        return checks
    }

    // MARK: Streams

    /// A stream of the file and the one of the source that it stands for.
    private struct Pair {
        var result: FileSurvey.Track
        var original: FileSurvey.Track
        var planned: MartletModel.OutputStream?
    }

    // The MP4 muxer keeps chapter titles in a track of its own, which the demuxer lists as data.
    private var present: [FileSurvey.Track] {
        result.tracks.filter { $0.kind != .attachment && !($0.kind == .data && $0.codec == "bin_data") }
    }

    private var planned: [MartletModel.OutputStream] {
        (plan?.layout.streams ?? []).filter {
            $0.kind != .attachment && !$0.disposition.contains(.attachedPicture)
        }
    }

    private var pairs: [Pair] {
        guard plan == nil else {
            return zip(present, planned).compactMap { track, planned in
                guard original.tracks.indices.contains(planned.sourceIndex) else { return nil }
                return Pair(result: track, original: original.tracks[planned.sourceIndex], planned: planned)
            }
        }
        return [StreamKind.video, .audio, .subtitle].flatMap { kind in
            zip(present.filter { $0.kind == kind }, expectedTracks(kind)).map {
                Pair(result: $0, original: $1, planned: nil)
            }
        }
    }

    /// The source's streams of a kind that a file made elsewhere must have. One
    /// that has all of them holds them in another form.
    private func expectedTracks(_ kind: StreamKind) -> [FileSurvey.Track] {
        let all = original.tracks.filter { $0.kind == kind }
        let isWhole = result.tracks.count { $0.kind == kind } >= all.count
        return isWhole ? all : all.filter { !unheld.contains($0.index) }
    }

    private var streamCheck: VerificationReport.Check {
        let attached = result.tracks.filter { $0.kind == .attachment }.count
        guard let plan else {
            let kinds = [StreamKind.video, .audio, .subtitle, .attachment]
            let figures = kinds.map { kind in
                (kind, result.tracks.count { $0.kind == kind }, expectedTracks(kind).count)
            }
            var detail = figures.filter { $0.1 + $0.2 > 0 }.map { "\($0.0.rawValue) \($0.1) of \($0.2)" }
                .joined(separator: ", ")
            let missing = kinds.flatMap { kind in
                let expected = expectedTracks(kind).map(\.index)
                return original.tracks.filter { $0.kind == kind && !expected.contains($0.index) }.map(\.index)
            }
            if !missing.isEmpty {
                let numbers = missing.sorted().map(String.init).joined(separator: ", ")
                detail += "; the container cannot hold stream\(missing.count == 1 ? "" : "s") \(numbers) of the source"
            }
            return check("streams", figures.allSatisfy { $0.1 >= $0.2 }, detail)
        }
        let wanted = planned.map { "\($0.kind.rawValue) \(readBack($0.codec))" }
        // MOV and MP4 make a track of a time code that is a mere tag elsewhere.
        let own =
            present.drop { $0.kind != .data }.count + planned.count == present.count ? planned.count : present.count
        let found = present.prefix(own).map { "\($0.kind.rawValue) \(readBack($0.codec))" }
        let files = plan.layout.streams.count - planned.count
        let isSame = wanted == found && attached == files
        let detail = isSame ? found.joined(separator: ", ") : "\(found) instead of \(wanted)"
        return check("streams", isSame, detail + (files + attached > 0 ? "; \(attached) of \(files) attached" : ""))
    }

    // Containers have one name for some pairs of codecs: MP4 for the layers of
    // MPEG sound, Matroska for plain text and for both ages of SubStation.
    private func readBack(_ codec: String) -> String {
        switch codec {
        case "mp2", "mp1": "mp3"
        case "text": "subrip"
        case "ssa": "ass"
        default: codec
        }
    }

    private var chapterCheck: VerificationReport.Check {
        check(
            "chapters", result.chapterCount == source.chapters.count,
            "\(result.chapterCount) of \(source.chapters.count)")
    }

    private func roleChecks(_ pairs: [Pair]) -> [VerificationReport.Check] {
        var wrong: [String] = []
        var named = 0
        for pair in pairs {
            let wanted =
                pair.planned.map { stream in
                    stream.tags.first { $0.key.lowercased() == "language" }?.value
                } ?? pair.original.language
            // MP4 has room for three letters only, MOV for the languages that QuickTime numbers.
            guard let wanted, wanted != "und", wanted.utf8.count == 3 else { continue }
            if plan?.layout.container == .mov, LanguageCode(wanted).quickTime == nil { continue }
            named += 1
            if pair.result.language.map(LanguageCode.init) != LanguageCode(wanted) {
                wrong.append("stream \(pair.result.index) is \(pair.result.language ?? "und") instead of \(wanted)")
            }
        }
        var checks = [
            check("languages", wrong.isEmpty, wrong.isEmpty ? "\(named) named" : wrong.joined(separator: ", "))
        ]
        guard plan != nil else { return checks }
        // MP4 stores neither role but `default`, and enables one track of a kind by itself.
        let roles: Disposition =
            plan?.layout.container == .mkv || plan?.layout.container == .webm
            ? [.default, .forced, .hearingImpaired] : []
        let lost = pairs.filter { pair in
            guard let planned = pair.planned else { return false }
            return pair.result.disposition.intersection(roles) != planned.disposition.intersection(roles)
        }
        checks.append(
            check(
                "roles", lost.isEmpty,
                lost.isEmpty ? "\(pairs.count) as planned" : "different on streams \(lost.map(\.result.index))"))
        return checks
    }

    // MARK: Words

    private func check(_ name: String, _ passed: Bool, _ detail: String) -> VerificationReport.Check {
        VerificationReport.Check(name: name, passed: passed, detail: detail)
    }

    private func seconds(_ value: Double) -> String { rounded(value, "s") }

    private func milliseconds(_ value: Double) -> String { rounded(value, "ms") }

    private func rounded(_ value: Double, _ unit: String) -> String {
        let thousandths = Int64((abs(value) * 1_000).rounded())
        let fraction = String(thousandths % 1_000 + 1_000).dropFirst()
        return "\(value < 0 && thousandths > 0 ? "-" : "")\(thousandths / 1_000).\(fraction) \(unit)"
    }
}
