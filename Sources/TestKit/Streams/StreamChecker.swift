// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// Reads a stream as a player does, without decoding, and says everything that is wrong with it.
package struct StreamChecker: Sendable {
    /// Gets what is at an address relative to the master playlist.
    package typealias Fetch = @Sendable (_ address: String) async throws -> [UInt8]

    /// What was found.
    package struct Report: Sendable {
        /// What is wrong, a sentence each; empty for a good stream.
        package var faults: [String] = []
        /// The picture and sound renditions by their addresses.
        package var renditions: [String: Rendition] = [:]
        /// The master playlist.
        package var master = ListedStream.Master()
    }

    /// One rendition.
    package struct Rendition: Sendable {
        /// What its initialization says; `nil` for MPEG-TS.
        package var head: StreamHead?
        /// When its samples are shown, ascending within each segment, in microseconds.
        package var times: [Int64] = []
        /// When segments begin, in microseconds, with the end of the last.
        package var starts: [Int64] = []
        /// Every byte of it, from the initialization on, when they are to be kept.
        package var bytes: [UInt8] = []
    }

    private let fetch: Fetch
    private let keepsBytes: Bool

    /// Prepares a check.
    ///
    /// - Parameter keepsBytes: whether reports hold the bytes of renditions, for decoding.
    package init(keepsBytes: Bool = false, fetch: @escaping Fetch) {
        self.fetch = fetch
        self.keepsBytes = keepsBytes
    }

    /// Checks a whole stream.
    ///
    /// - Parameters:
    ///   - address: the master playlist.
    ///   - frames: when the film's frames are shown, in microseconds after the first; `nil` when that is unknown.
    ///   - isWanted: whether a rendition is looked at, by its address; all are when nothing is said.
    /// - Throws: what fetching throws.
    package func check(
        master address: String = "master.m3u8", frames: [Int64]? = nil,
        isWanted: @Sendable (String) -> Bool = { _ in true }
    ) async throws -> Report {
        var report = Report()
        report.master = ListedStream.master(String(decoding: try await fetch(address), as: UTF8.self))
        var kinds: [String: Kind] = [:]
        // A quality stands there once for every group of sounds, and must be right in all.
        for variant in report.master.variants {
            let known = kinds[variant.uri]
            let rate = Double(variant.attributes["BANDWIDTH"] ?? "") ?? 0
            kinds[variant.uri] = Kind(
                isPicture: true, codecs: (known?.codecs ?? []) + [Self.codecs(variant.attributes)],
                bandwidth: min(rate, known?.bandwidth ?? rate))
        }
        for media in report.master.media {
            guard let uri = media["URI"], media["TYPE"] == "AUDIO" else { continue }
            let groups = report.master.variants.filter { $0.attributes["AUDIO"] == media["GROUP-ID"] }
            if groups.isEmpty { report.faults.append("No quality has the sound of \(uri).") }
            let lists = (kinds[uri]?.codecs ?? []) + groups.map { Self.codecs($0.attributes) }
            kinds[uri] = Kind(isPicture: false, codecs: lists, bandwidth: 0)
        }
        if report.master.variants.isEmpty { report.faults.append("The master playlist has no quality.") }
        for (uri, kind) in kinds.sorted(by: { $0.key < $1.key }) where isWanted(uri) {
            try await check(uri, kind, &report)
        }
        compare(kinds, frames, &report)
        return report
    }

    /// What is announced of a rendition.
    private struct Kind {
        var isPicture: Bool
        /// The codecs of every quality that it belongs to.
        var codecs: [[String]]
        /// The least of what is announced; 0 for sound.
        var bandwidth: Double
    }

    private static func codecs(_ attributes: ListedStream.Attributes) -> [String] {
        attributes["CODECS"]?.split(separator: ",").map(String.init) ?? []
    }

    // MARK: One rendition

    private func check(_ address: String, _ kind: Kind, _ report: inout Report) async throws {
        let playlist = ListedStream.media(String(decoding: try await fetch(address), as: UTF8.self))
        var faults: [String] = []
        checkTags(playlist, &faults)
        var rendition = Rendition()
        if let map = playlist.map {
            let head = try await fetch(Self.resolve(map, address))
            rendition.head = StreamHead(head)
            if keepsBytes { rendition.bytes = head }
            checkHead(rendition.head, kind, &faults)
        }
        let target = Double(playlist.tags["#EXT-X-TARGETDURATION"] ?? "") ?? 0
        var (clock, end) = (0.0, Int64?.none)
        for (number, segment) in playlist.segments.enumerated() {
            let bytes = try await fetch(Self.resolve(segment.uri, address))
            if keepsBytes { rendition.bytes += bytes }
            if segment.seconds.rounded() > target {
                faults.append("Segment \(number) is longer than the target duration.")
            }
            if kind.isPicture, segment.seconds >= target / 2 {
                let rate = Double(bytes.count * 8) / segment.seconds
                if rate > kind.bandwidth {
                    faults.append("Segment \(number) has \(Int(rate)) bits a second of \(Int(kind.bandwidth)).")
                }
            }
            var spans: (start: Int64, end: Int64, times: [Int64])
            if let head = rendition.head {
                let fragment = StreamFragment(bytes, head: head)
                faults += fragment.faults.map { "Segment \(number): \($0)." }
                if let end, fragment.decodeTime != end {
                    faults.append(
                        "Segment \(number) begins \(fragment.decodeTime - end) ticks after the one before ends.")
                }
                end = fragment.endTime
                checkSamples(fragment, bytes, head, number, kind, &faults)
                let times = fragment.samples.map(\.presentation).sorted()
                func microseconds(_ ticks: Int64) -> Int64 {
                    Int64((Double(ticks) * 1e6 / Double(head.timescale)).rounded())
                }
                spans = (
                    microseconds(times.first ?? 0), microseconds(fragment.endTime), times.map(microseconds)
                )
            } else {
                let transport = TransportSegment(bytes)
                faults += transport.faults.map { "Segment \(number): \($0)." }
                if kind.isPicture { checkOpening(transport, number, kind, &faults) }
                let times = transport.times.sorted()
                spans = (times.first ?? 0, (times.last ?? 0), times)
            }
            rendition.times += spans.times
            rendition.starts.append(spans.start)
            if let first = rendition.starts.first {
                let drift = abs(Double(spans.start - first) / 1e6 - clock)
                if drift > 0.001 { faults.append("Segment \(number) begins \(drift) s from where the playlist says.") }
            }
            clock += segment.seconds
            if number == playlist.segments.count - 1 {
                let start = rendition.starts[0]
                rendition.starts.append(start + Int64((clock * 1e6).rounded()))
            }
        }
        report.faults += faults.map { "\(address): \($0)" }
        report.renditions[address] = rendition
    }

    private func checkTags(_ playlist: ListedStream.Media, _ faults: inout [String]) {
        if playlist.tags["#EXT-X-PLAYLIST-TYPE"] != "VOD" { faults.append("It is no VOD playlist.") }
        if playlist.tags["#EXT-X-ENDLIST"] == nil { faults.append("It has no end.") }
        if playlist.tags["#EXT-X-INDEPENDENT-SEGMENTS"] == nil { faults.append("Its segments are not independent.") }
        if playlist.segments.isEmpty { faults.append("It has no segment.") }
    }

    private func checkHead(_ head: StreamHead?, _ kind: Kind, _ faults: inout [String]) {
        guard let head else {
            faults.append("Its initialization cannot be read.")
            return
        }
        if head.hasEdits { faults.append("Its initialization has an edit list.") }
        if head.handler != (kind.isPicture ? "vide" : "soun") { faults.append("It is a track of \(head.handler).") }
        let isNamed = kind.codecs.allSatisfy { list in
            list.contains { named in
                named == head.codec || named.hasPrefix("mp4a.40") && head.codec?.hasPrefix("mp4a.40") == true
            }
        }
        if !isNamed { faults.append("It is \(head.codec ?? head.entry), but \(kind.codecs) is announced.") }
    }

    private func checkSamples(
        _ fragment: StreamFragment, _ bytes: [UInt8], _ head: StreamHead, _ number: Int, _ kind: Kind,
        _ faults: inout [String]
    ) {
        guard let first = fragment.samples.first else {
            faults.append("Segment \(number) has no sample.")
            return
        }
        let times = fragment.samples.map(\.presentation)
        if Set(times).count != times.count { faults.append("Segment \(number) shows two frames at one time.") }
        guard kind.isPicture else {
            if Set(fragment.samples.map(\.duration)).count != 1 {
                faults.append("Segment \(number) has packets of different lengths.")
            }
            return
        }
        if first.presentation != times.min() { faults.append("Segment \(number) does not begin with its first frame.") }
        if !first.isSync { faults.append("Segment \(number) does not begin with a sync sample.") }
        if fragment.samples.dropFirst().contains(where: \.isSync), head.entry != "av01" {
            faults.append("Segment \(number) has more than one sync sample.")
        }
        if !Self.isRandomAccess(bytes[first.bytes.clamped(to: 0..<bytes.count)], head.entry) {
            faults.append("Segment \(number) does not begin with a frame that needs no other.")
        }
        if fragment.samples.contains(where: { sample in
            Self.hasParameterSets(bytes[sample.bytes.clamped(to: 0..<bytes.count)], head.entry)
        }) {
            faults.append("Segment \(number) has parameter sets outside of its head.")
        }
    }

    /// Segments of MPEG-TS have no head: each must begin with all that its first picture needs.
    private func checkOpening(_ segment: TransportSegment, _ number: Int, _ kind: Kind, _ faults: inout [String]) {
        let isHEVC = kind.codecs.joined().contains { $0.hasPrefix("hvc1") }
        let units = segment.openingUnits(isHEVC: isHEVC)
        let sets: [ClosedRange<Int>] = isHEVC ? [32...32, 33...33, 34...34] : [7...7, 8...8]
        for wanted in sets + [isHEVC ? 16...21 : 5...5] where !units.contains(where: wanted.contains) {
            faults.append("Segment \(number) begins with units \(units), without one of \(wanted).")
        }
    }

    /// Whether a sample holds an IDR picture (H.264), an IRAP picture (HEVC) or a sequence header (AV1).
    private static func isRandomAccess(_ sample: ArraySlice<UInt8>, _ entry: String) -> Bool {
        if entry == "av01" {
            // Temporal delimiters are not stored; a key frame comes after a sequence header.
            return sample.first.map { $0 >> 3 & 15 == 1 || $0 >> 3 & 15 == 2 } ?? false
        }
        return units(of: sample, entry).contains { entry == "avc1" ? $0 == 5 : (16...21).contains($0) }
    }

    /// Whether a sample of H.264 or HEVC holds parameter sets, which belong into the head alone.
    private static func hasParameterSets(_ sample: ArraySlice<UInt8>, _ entry: String) -> Bool {
        units(of: sample, entry).contains { entry == "avc1" ? (7...8).contains($0) : (32...34).contains($0) }
    }

    /// The types of the units in a sample of H.264 or HEVC.
    private static func units(of sample: ArraySlice<UInt8>, _ entry: String) -> [Int64] {
        guard ["avc1", "hvc1"].contains(entry) else { return [] }
        let reading = BoxReading(sample)
        var (offset, types) = (0, [Int64]())
        while offset + 5 <= sample.count {
            let first = reading.number(at: offset + 4, bytes: 1)
            types.append(entry == "avc1" ? first & 31 : first >> 1 & 63)
            offset += 4 + Int(reading.number(at: offset, bytes: 4))
        }
        return types
    }

    // MARK: All together

    private func compare(_ kinds: [String: Kind], _ frames: [Int64]?, _ report: inout Report) {
        let pictures = report.renditions.filter { kinds[$0.key]?.isPicture == true }.sorted { $0.key < $1.key }
        guard let first = pictures.first else { return }
        for other in pictures.dropFirst() where other.value.times != first.value.times {
            report.faults.append("\(other.key) shows its frames at other times than \(first.key).")
        }
        if let frames {
            let offset = first.value.times.first ?? 0
            let shown = first.value.times.sorted().map { $0 - offset }
            if shown.count != frames.count {
                report.faults.append("\(first.key) shows \(shown.count) frames of \(frames.count).")
            } else if let place = zip(shown, frames).enumerated().first(where: { abs($0.element.0 - $0.element.1) > 20 }
            ) {
                report.faults.append(
                    "\(first.key) shows frame \(place.offset) \(place.element.0 - place.element.1) us too late.")
            }
        }
        for (address, sound) in report.renditions where kinds[address]?.isPicture == false {
            guard sound.starts.count == first.value.starts.count else {
                report.faults.append("\(address) has other segments than \(first.key).")
                continue
            }
            // Half a packet of 1024 samples at 8 kHz is the most that a boundary may be off; copies begin as the film has it.
            let last = sound.starts.count - 1
            for (number, pair) in zip(sound.starts, first.value.starts).enumerated() where number > 0 && number < last {
                if abs(pair.0 - pair.1) > 70_000 {
                    report.faults.append(
                        "\(address): segment \(number) begins \(pair.0 - pair.1) us from the picture's.")
                }
            }
        }
    }

    /// An address in a playlist, relative to the master.
    static func resolve(_ address: String, _ playlist: String) -> String {
        let base = playlist.prefix { $0 != "?" }
        guard let slash = base.lastIndex(of: "/") else { return address }
        return String(base[...slash]) + address
    }
}
