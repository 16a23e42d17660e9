// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// Calls of any number of claimants at one store, and whether one claimant after the other could have made them.
///
/// Every call has its effect at one moment between its start and its end; one
/// without an answer, at any moment after its start, or never. A claim is valid
/// from its grant until it is given back, or completed, or the time of its last
/// renewal has passed; once its owner is missed, others may end it. From this follows what two calls can never both say.
package struct ClaimHistory: Sendable {
    private typealias Record = ClaimRecord

    /// All calls.
    package var records: [ClaimRecord]
    /// By how many nanoseconds clocks may disagree, and times be rounded.
    package var tolerance: Int64
    /// Whether the store kept what it had all the time.
    package var isKept: Bool

    /// Makes a history.
    package init(_ records: [ClaimRecord], tolerance: Int64 = 5_000_000, isKept: Bool = true) {
        self.records = records
        self.tolerance = tolerance
        self.isKept = isKept
    }

    /// What cannot be, in words; empty when there is nothing.
    package func faults() -> [String] {
        var faults: [String] = []
        let claims = records.filter { $0.kind != .announce }
        for (key, records) in Dictionary(grouping: claims, by: \.key) {
            faults += (fences(records) + holders(records) + completions(records)).map { "\(key): \($0)" }
        }
        return faults.sorted()
    }

    /// What cannot be of what one listener heard.
    package func faults(of heard: HeardNews) -> [String] {
        let told = records.filter { $0.kind == .complete && $0.answer == .done }
        let mayBeTold = records.filter { $0.kind == .complete && $0.answer != .refused }
        var faults: [String] = []
        let counts = heard.items.reduce(into: [:]) { $0[$1, default: 0] += 1 }
        for record in told where record.start > heard.start && record.end ?? .max < heard.end {
            let count = counts[HeardNews.Item(key: record.key, fence: record.fence)] ?? 0
            if count != 1 { faults.append("\(record.key): completion \(record.fence) was heard \(count) times") }
        }
        for item in heard.items {
            guard let fence = item.fence else { continue }
            if !mayBeTold.contains(where: { $0.key == item.key && $0.fence == fence }) {
                faults.append("\(item.key): completion \(fence) was heard, and never was")
            }
        }
        let places = Dictionary(heard.items.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        let placed = told.compactMap { record in
            places[HeardNews.Item(key: record.key, fence: record.fence)].map { (record, $0) }
        }.sorted { $0.1 < $1.1 }
        for (before, after) in zip(placed, placed.dropFirst()) where after.0.end ?? .max < before.0.start {
            faults.append("completion \(after.0.fence) was heard after \(before.0.fence), and was before it")
        }
        return faults
    }

    // MARK: Fences

    /// Fences of a key are never the same, and grow.
    private func fences(_ records: [Record]) -> [String] {
        let grants = records.compactMap(grant).sorted { $0.fence < $1.fence }
        var faults: [String] = []
        var earliestEnd = Int64.max
        var last: Int64?
        for grant in grants.reversed() {
            if grant.fence == last { faults.append("fence \(grant.fence) was granted twice") }
            // Somebody had a greater one before this was even asked for.
            if earliestEnd < grant.record.start {
                faults.append("fence \(grant.fence) was granted after a greater one")
            }
            earliestEnd = min(earliestEnd, grant.record.end ?? .max)
            last = grant.fence
        }
        return faults
    }

    private func grant(_ record: Record) -> (fence: Int64, record: Record)? {
        if case .granted(let fence) = record.answer { (fence, record) } else { nil }
    }

    // MARK: Holders

    /// One claim is valid at a time, as long as it was asked for, and no longer.
    private func holders(_ records: [Record]) -> [String] {
        let grants = records.compactMap(grant).sorted { $0.fence < $1.fence }
        let uses = Dictionary(grouping: records.filter { $0.fence != 0 && $0.kind != .forget }, by: \.fence)
        var faults: [String] = []
        var earlier: [(fence: Int64, record: Record)] = []
        for grant in grants {
            let own = uses[grant.fence] ?? []
            faults += validity(of: grant, uses: own)
            for before in earlier {
                let theirs = uses[before.fence] ?? []
                for use in theirs where use.answer == .done && use.start > grant.record.end ?? .max {
                    faults.append("\(before.fence) was good for a \(use.kind) after \(grant.fence) was granted")
                }
                if isKept, let until = certainEnd(of: before, uses: theirs, before: grant.record.end ?? .max),
                    grant.record.end ?? .max < until - tolerance
                {
                    faults.append("\(grant.fence) was granted while \(before.fence) was valid")
                }
            }
            earlier.append(grant)
        }
        return faults
    }

    /// Until when a claim was valid for certain; `nil` when it may have been ended before `moment`.
    private func certainEnd(of grant: (fence: Int64, record: Record), uses: [Record], before moment: Int64) -> Int64? {
        let isEnded = uses.contains {
            ($0.kind == .release || $0.kind == .complete) && $0.answer != .refused && $0.start <= moment
        }
        guard !isEnded else { return nil }
        let known = extensions(of: grant, uses).last { $0.end ?? .max <= moment }
        // One that is on its way, or was not answered, may have made it shorter.
        let open = uses.filter {
            $0.kind == .renew && $0.answer != .refused && $0.start <= moment
                && ($0.answer == nil || $0.end ?? .max > moment)
        }
        let end = ((known.map { [$0] } ?? []) + open).map { $0.start + $0.lasting }.min()
        return end.map { min($0, missed(grant.record, before: moment)) }
    }

    /// When the owner of a claim that was granted may have been missed for the first time; `Int64.max` when it was not
    /// before `moment`.
    private func missed(_ grant: Record, before moment: Int64) -> Int64 {
        let said = records.filter { $0.kind == .announce && $0.client == grant.client && $0.start <= moment }
        // One that is on its way, or was not answered, may have made the time shorter.
        let open = said.filter { $0.answer == nil || $0.end ?? .max > moment }
        let limit = open.map { $0.start + $0.lasting }.min() ?? .max
        var until = Int64.max
        for call in said.filter({ !open.contains($0) }).sorted(by: { $0.start < $1.start }) {
            let end = call.end ?? .max
            if until - tolerance < end, end > grant.start { break }
            until = call.start + call.lasting
        }
        return min(until, limit)
    }

    /// The grant and every renewal, in their order; a later one counts, even when it lasts for less.
    private func extensions(of grant: (fence: Int64, record: Record), _ uses: [Record]) -> [Record] {
        [grant.record]
            + uses.filter { $0.kind == .renew && $0.answer == .done }.sorted { $0.start < $1.start }
    }

    /// A claim's own calls are done as long as it is valid, and refused afterwards.
    private func validity(of grant: (fence: Int64, record: Record), uses: [Record]) -> [String] {
        let extended = extensions(of: grant, uses)
        let unknown = uses.filter { $0.answer == nil }
        var faults: [String] = []
        for use in uses {
            guard let end = use.end, let answer = use.answer else { continue }
            let before = extended.filter { $0.end ?? .max <= use.start && $0 != use }
            guard let last = before.last else { continue }
            let mayBeRenewed = unknown.contains { $0.kind == .renew && $0.start < end }
            let mayBeEnded = uses.contains {
                ($0.kind == .release || $0.kind == .complete) && $0 != use && $0.answer != .refused && $0.start < end
            }
            let isEnded = uses.contains {
                ($0.kind == .release || $0.kind == .complete) && $0.answer == .done && $0.end ?? .max < use.start
            }
            let limit = (last.end ?? .max) + last.lasting
            switch answer {
            case .done:
                if isEnded { faults.append("\(grant.fence) was good for a \(use.kind) after its end") }
                if !mayBeRenewed, use.start > limit + tolerance {
                    faults.append("\(grant.fence) was good for a \(use.kind) after its time")
                }
            case .refused:
                // An unknown renewal may have made it shorter.
                let limit = min(last.start + last.lasting, missed(grant.record, before: end))
                if isKept, !mayBeEnded, !mayBeRenewed, end < limit - tolerance {
                    faults.append("a \(use.kind) of \(grant.fence) was refused while it was valid")
                }
            case .granted, .held, .completed, .absent: break
            }
        }
        return faults
    }

    // MARK: Completions

    /// A completion is there for everybody from its time on until it is forgotten, and nothing else is.
    private func completions(_ records: [Record]) -> [String] {
        var faults: [String] = []
        let looks = records.filter { ($0.kind == .claim || $0.kind == .read) && $0.answer != nil }
        let forgotten = Dictionary(grouping: records.filter { $0.kind == .forget }, by: \.fence)
        let attempts = Dictionary(grouping: records.filter { $0.kind == .complete }, by: \.fence)
        for done in records where done.kind == .complete && done.answer == .done && isKept {
            let firstForget = forgotten[done.fence]?.map(\.start).min() ?? .max
            for look in looks where look.start > done.end ?? .max && look.end ?? .max < firstForget {
                if look.answer != .completed(owner: done.client, fence: done.fence) {
                    faults.append("completion \(done.fence) was lost to a \(look.kind) of \(look.client)")
                }
            }
        }
        for look in looks {
            guard case .completed(let owner, let fence) = look.answer else { continue }
            let isPossible = (attempts[fence] ?? []).contains {
                $0.client == owner && $0.answer != .refused && $0.start <= look.end ?? .max
            }
            if !isPossible { faults.append("completion \(fence) of \(owner) was seen, and never was") }
            if (forgotten[fence] ?? []).contains(where: { $0.answer == .done && $0.end ?? .max < look.start }) {
                faults.append("completion \(fence) was seen after it was forgotten")
            }
        }
        for (fence, calls) in attempts where calls.count(where: { $0.answer == .done }) > 1 {
            faults.append("\(fence) was completed twice")
        }
        return faults
    }
}
