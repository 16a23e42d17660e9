// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// Decides what of the streams is made next on this node.
///
/// What a viewer waits for goes first, the longest wait before all; then what viewers will want soon, the next before
/// the later. What nobody wants any more is stopped, and so is work ahead when somebody waits and nothing is free.
/// Whether another node makes a part already is found out by trying to make it.
package struct DemandMachine: Sendable {
    /// What is to be done outside.
    package enum Action: Sendable, Equatable {
        /// Claim the part and make it; what comes of it is told by `made`, `isHeld`, `failed` or `stopped`.
        case make(StreamPart)
        /// Stop making the part; `stopped` is told when that is done.
        case stop(StreamPart)
        /// The part that a viewer waits for is there.
        case answer(Int, StreamPart)
        /// The part that a viewer waits for cannot be made.
        case refuse(Int, StreamPart, reason: String)
    }

    /// The figures behind decisions.
    package struct Configuration: Sendable {
        /// How many parts are made at the same time.
        package var slots = 2
        /// How long a viewer who asks for nothing counts as one.
        package var idleTimeout: Duration = .seconds(60)
        /// How often a part is tried before those who wait for it are refused.
        package var attempts = 3
        /// How long a part that could not be made is left alone.
        package var rest: Duration = .seconds(10)

        /// Makes the default configuration.
        package init() {}
    }

    /// How far a part is.
    private enum Phase: Equatable {
        /// Nothing is done for it.
        case open
        /// This node makes it.
        case making
        /// This node makes it, and was told to stop.
        case stopping
        /// Another node has it, until then at the most.
        case elsewhere(Moment)
        /// It could not be made, and is left alone until then; a viewer who asks for it has it tried again before
        /// that, where that can help.
        case resting(Moment, reason: String, canBeTried: Bool)
    }

    private struct Waiter {
        var number: Int
        var viewer: String
        var since: Moment
    }

    private struct Entry {
        var phase = Phase.open
        /// Whether another node gave the part back since this one began to claim it: that is heard on another way than
        /// the answer to the claim, and may overtake it.
        var wasFreed = false
        var failures = 0
        /// Who waits, by when they began.
        var waiters: [Waiter] = []
    }

    private struct Viewer {
        var lastSeen: Moment
        /// What comes next for the viewer, the next first.
        var ahead: [StreamPart]
    }

    private let configuration: Configuration
    /// Every part that somebody wants, or that is being made.
    private var entries: [StreamPart: Entry] = [:]
    private var viewers: [String: Viewer] = [:]

    /// Makes a machine without viewers.
    package init(configuration: Configuration = Configuration()) { self.configuration = configuration }

    /// How many viewers there are.
    package var viewerCount: Int { viewers.count }
    /// How many parts this node makes now.
    package var makingCount: Int { entries.values.count { $0.phase == .making || $0.phase == .stopping } }
    /// How many parts viewers wait for.
    package var waitedCount: Int { entries.values.count { !$0.waiters.isEmpty } }

    /// When something changes without an event; `nil` when nothing will.
    package var nextDeadline: Moment? {
        let phases = entries.values.compactMap { entry -> Moment? in
            switch entry.phase {
            case .elsewhere(let until), .resting(let until, _, _): until
            case .open, .making, .stopping: nil
            }
        }
        let viewers = viewers.values.map { $0.lastSeen + configuration.idleTimeout }
        return (phases + viewers).min()
    }

    // MARK: Viewers

    /// A viewer asks for a part that is not there.
    ///
    /// - Parameters:
    ///   - waiter: names the request; no two that are open have the same.
    ///   - viewer: who asks.
    ///   - ahead: what of it is not there and will be wanted next, the next first. It replaces what the viewer wanted.
    package mutating func wait(
        _ waiter: Int, for part: StreamPart, viewer: String, ahead: [StreamPart], now: Moment
    ) -> [Action] {
        if case .resting(let until, let reason, let canBeTried) = entries[part]?.phase, now < until {
            guard canBeTried else {
                return [.refuse(waiter, part, reason: reason)] + look(viewer, ahead: ahead, now: now)
            }
            entries[part]?.phase = .open
        }
        entries[part, default: Entry()].waiters.append(Waiter(number: waiter, viewer: viewer, since: now))
        return look(viewer, ahead: ahead, now: now)
    }

    /// A viewer got something that was there already, and will want these next.
    package mutating func look(_ viewer: String, ahead: [StreamPart], now: Moment) -> [Action] {
        viewers[viewer] = Viewer(lastSeen: now, ahead: ahead)
        return settle(now: now)
    }

    /// A request ended without its part: the viewer hung up, or waited for too long.
    ///
    /// The part stays wanted until the viewer asks for something else: players hang up to ask again, too.
    package mutating func leave(_ waiter: Int, part: StreamPart, now: Moment) -> [Action] {
        if let place = entries[part]?.waiters.firstIndex(where: { $0.number == waiter }),
            let left = entries[part]?.waiters.remove(at: place), viewers[left.viewer]?.ahead.contains(part) == false
        {
            viewers[left.viewer]?.ahead.insert(part, at: 0)
        }
        return settle(now: now)
    }

    // MARK: What comes of parts

    /// The part is there, and this node's own making of it, if any, has ended.
    package mutating func made(_ part: StreamPart, now: Moment) -> [Action] {
        let answers = answers(part)
        entries[part] = nil
        return answers + settle(now: now)
    }

    /// Another node has made the part; where this one makes it, too, it stops.
    package mutating func appeared(_ part: StreamPart, now: Moment) -> [Action] {
        var actions = answers(part)
        switch entries[part]?.phase {
        case .making:
            entries[part]?.phase = .stopping
            actions.append(.stop(part))
        case .stopping: break
        case .open, .elsewhere, .resting, nil: entries[part] = nil
        }
        return actions + settle(now: now)
    }

    /// Another node does not make a part any more, or may not: it can be asked for again.
    ///
    /// - Parameter part: `nil` for any.
    package mutating func isFree(_ part: StreamPart?, now: Moment) -> [Action] {
        for (other, entry) in entries where part == nil || other == part {
            switch entry.phase {
            case .elsewhere: entries[other]?.phase = .open
            case .making, .stopping: entries[other]?.wasFreed = true
            case .open, .resting: break
            }
        }
        return settle(now: now)
    }

    /// Whether a part is wanted here.
    package func wants(_ part: StreamPart) -> Bool { entries[part] != nil }

    /// Lets everyone go who waits for a part that is there; nobody wants it made any more.
    private mutating func answers(_ part: StreamPart) -> [Action] {
        for viewer in viewers.keys { viewers[viewer]?.ahead.removeAll { $0 == part } }
        let waiters = entries[part]?.waiters ?? []
        entries[part]?.waiters = []
        return waiters.map { .answer($0.number, part) }
    }

    /// Another node has the part, for so long at the most.
    package mutating func isHeld(_ part: StreamPart, for remaining: Duration, now: Moment) -> [Action] {
        if let entry = entries[part] {
            entries[part]?.phase = entry.wasFreed ? .open : .elsewhere(now + remaining)
        }
        return settle(now: now)
    }

    /// The making of a part was stopped, by wish or because the right to make it was lost.
    package mutating func stopped(_ part: StreamPart, now: Moment) -> [Action] {
        entries[part]?.phase = .open
        return settle(now: now)
    }

    /// A part could not be made.
    package mutating func failed(_ part: StreamPart, reason: String, isRetryable: Bool, now: Moment) -> [Action] {
        guard var entry = entries[part] else { return settle(now: now) }
        entry.failures += 1
        var actions: [Action] = []
        if isRetryable, entry.failures < configuration.attempts, !entry.waiters.isEmpty {
            entry.phase = .open
        } else {
            let canBeTried = isRetryable && entry.failures < configuration.attempts
            entry.phase = .resting(now + configuration.rest, reason: reason, canBeTried: canBeTried)
            actions = entry.waiters.map { .refuse($0.number, part, reason: reason) }
            entry.waiters = []
        }
        entries[part] = entry
        return actions + settle(now: now)
    }

    /// Time passed.
    package mutating func advance(to now: Moment) -> [Action] {
        viewers = viewers.filter { now < $0.value.lastSeen + configuration.idleTimeout }
        for (part, entry) in entries {
            switch entry.phase {
            case .elsewhere(let until) where until <= now: entries[part]?.phase = .open
            case .resting(let until, _, _) where until <= now: entries[part] = nil
            default: break
            }
        }
        return settle(now: now)
    }

    // MARK: Decisions

    /// Brings what is being made in line with what is wanted.
    private mutating func settle(now: Moment) -> [Action] {
        let ranks = ranks()
        for part in ranks.keys where entries[part] == nil { entries[part] = Entry() }
        var actions: [Action] = []
        for (part, entry) in entries.sorted(by: { $0.key < $1.key }) where entry.waiters.isEmpty && ranks[part] == nil {
            switch entry.phase {
            case .making:
                entries[part]?.phase = .stopping
                actions.append(.stop(part))
            case .open, .elsewhere: entries[part] = nil
            case .stopping, .resting: break
            }
        }
        var free = configuration.slots - makingCount
        let wanted = wanted(ranks)
        for part in wanted.prefix(max(0, free)) {
            free -= 1
            entries[part]?.phase = .making
            entries[part]?.wasFreed = false
            actions.append(.make(part))
        }
        let urgent = wanted.count { entries[$0]?.phase == .open && entries[$0]?.waiters.isEmpty == false }
        stopLatest(ranks, toFree: urgent, &actions)
        return actions
    }

    /// How soon viewers want what they do not wait for yet: 0 is next.
    private func ranks() -> [StreamPart: Int] {
        var ranks: [StreamPart: Int] = [:]
        for viewer in viewers.values {
            for (rank, part) in viewer.ahead.enumerated() { ranks[part] = min(rank, ranks[part] ?? rank) }
        }
        return ranks
    }

    /// What could be begun, the most urgent first.
    private func wanted(_ ranks: [StreamPart: Int]) -> [StreamPart] {
        let open = entries.filter { $0.value.phase == .open }
        let waited = open.compactMap { part, entry in entry.waiters.first.map { (part, $0.since) } }
            .sorted { ($0.1, $0.0) < ($1.1, $1.0) }.map(\.0)
        let ahead = open.compactMap { part, entry -> (StreamPart, Int)? in
            guard entry.waiters.isEmpty, let rank = ranks[part] else { return nil }
            return (part, rank)
        }
        return waited + ahead.sorted { ($0.1, $0.0) < ($1.1, $1.0) }.map(\.0)
    }

    /// Stops the work that is wanted last and that nobody waits for, until so many slots are free or on their way to
    /// be.
    private mutating func stopLatest(_ ranks: [StreamPart: Int], toFree count: Int, _ actions: inout [Action]) {
        let freeing = entries.values.count { $0.phase == .stopping }
        let spare = entries.filter { $0.value.phase == .making && $0.value.waiters.isEmpty }.keys
            .sorted { (ranks[$1] ?? .max, $1) < (ranks[$0] ?? .max, $0) }
        for part in spare.prefix(max(0, count - freeing)) {
            entries[part]?.phase = .stopping
            actions.append(.stop(part))
        }
    }
}
