// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletScheduling
import MartletTestKit
import Testing

/// Viewers that come, seek and leave at random, before parts that are made, lost, held elsewhere and not made at all.
@Suite struct DemandPropertyTests {
    /// What the machine must believe, told by what it was told and what it asked for.
    private struct World {
        var machine: DemandMachine
        var random: SplitMix64
        let slots: Int
        var now = Moment(nanoseconds: 0)
        /// Parts that are being made, and whether their end was asked for.
        var making: [StreamPart: Bool] = [:]
        /// Parts that others have, and until when.
        var elsewhere: [StreamPart: Moment] = [:]
        var waiting: [Int: (part: StreamPart, viewer: String)] = [:]
        var ahead: [String: [StreamPart]] = [:]
        var lastWaiter = 0
        var answered = 0

        init(seed: UInt64) {
            random = SplitMix64(seed: seed)
            slots = 1 + random.below(4)
            var configuration = DemandMachine.Configuration()
            configuration.slots = slots
            machine = DemandMachine(configuration: configuration)
        }

        mutating func part() -> StreamPart {
            StreamPart(film: "film", rendition: random.chance(0.7) ? "720p" : "a1", number: random.below(30))
        }

        mutating func perform(_ actions: [DemandMachine.Action]) {
            for action in actions {
                switch action {
                case .make(let part):
                    #expect(making[part] == nil, "made twice at a time")
                    let isWaited = waiting.values.contains { $0.part == part }
                    let isWanted = isWaited || ahead.values.contains { $0.contains(part) }
                    #expect(isWanted, "nobody wants \(part)")
                    making[part] = false
                    #expect(making.count <= slots)
                case .stop(let part):
                    #expect(making[part] == false, "stopped twice, or not begun")
                    #expect(!waiting.values.contains { $0.part == part }, "somebody waits for \(part)")
                    making[part] = true
                case .answer(let waiter, let part):
                    #expect(waiting.removeValue(forKey: waiter)?.part == part)
                    answered += 1
                case .refuse(let waiter, let part, _):
                    #expect(waiting.removeValue(forKey: waiter)?.part == part)
                }
            }
            // While somebody waits for what nobody makes, no slot makes what nobody waits for, unless it is on its way out.
            let idle = Set(waiting.values.map(\.part)).subtracting(making.keys).subtracting(elsewhere.keys)
            if !idle.isEmpty {
                #expect(making.count == slots, "a slot is free, and \(idle) is waited for")
                let spare = making.filter { entry in
                    !entry.value && !waiting.values.contains { $0.part == entry.key }
                }
                let freeing = making.values.count { $0 }
                #expect(spare.isEmpty || freeing >= idle.count, "\(spare) is made while \(idle) is waited for")
            }
        }

        mutating func step() {
            now = now + .milliseconds(Int64(random.below(500)))
            let viewer = "v\(random.below(5))"
            switch random.below(10) {
            case 0...2:
                let wanted = part()
                lastWaiter += 1
                waiting[lastWaiter] = (wanted, viewer)
                ahead[viewer] = (1...4).map { number in
                    StreamPart(film: "film", rendition: wanted.rendition, number: wanted.number + number)
                }
                perform(
                    machine.wait(lastWaiter, for: wanted, viewer: viewer, ahead: ahead[viewer] ?? [], now: now))
            case 3:
                ahead[viewer] = (0..<random.below(4)).map { _ in part() }
                perform(machine.look(viewer, ahead: ahead[viewer] ?? [], now: now))
            case 4:
                guard let (number, place) = waiting.sorted(by: { $0.key < $1.key }).randomElement(using: &random)
                else { return }
                waiting[number] = nil
                ahead[place.viewer, default: []].append(place.part)
                perform(machine.leave(number, part: place.part, now: now))
            case 5:
                now = now + .seconds(Int64(random.below(70)))
                advance()
            case 6 where !elsewhere.isEmpty:
                guard let part = elsewhere.keys.sorted().randomElement(using: &random) else { return }
                elsewhere[part] = nil
                forget(part)
                perform(machine.appeared(part, now: now))
            default: end()
            }
        }

        mutating func advance() {
            elsewhere = elsewhere.filter { now < $0.value }
            perform(machine.advance(to: now))
        }

        /// Something comes of a part that is being made.
        mutating func end() {
            guard let part = making.keys.sorted().randomElement(using: &random), let isStopping = making[part] else {
                return
            }
            making[part] = nil
            switch random.below(isStopping ? 2 : 8) {
            case 0: perform(machine.stopped(part, now: now))
            case 1 where !isStopping:
                perform(machine.failed(part, reason: "no", isRetryable: random.chance(0.8), now: now))
            case 2:
                elsewhere[part] = now + .seconds(5)
                perform(machine.isHeld(part, for: .seconds(5), now: now))
            default:
                forget(part)
                perform(machine.made(part, now: now))
            }
        }

        private mutating func forget(_ part: StreamPart) {
            for viewer in ahead.keys { ahead[viewer]?.removeAll { $0 == part } }
        }

        /// Everything that is begun comes to a good end from now on.
        mutating func calm() {
            for _ in 0..<1000 where !waiting.isEmpty {
                if let part = making.keys.sorted().first {
                    making[part] = nil
                    forget(part)
                    perform(machine.made(part, now: now))
                } else {
                    now = now + .seconds(30)
                    advance()
                }
            }
        }
    }

    @Test func nobodyIsForgottenAndNothingIsMadeThatNobodyWants() {
        var answered = 0
        for seed in Trial.current.seeds(short: 1...60) {
            var world = World(seed: seed)
            for _ in 0..<300 { world.step() }
            world.calm()
            #expect(world.waiting.isEmpty, "seed \(seed): \(world.waiting)")
            answered += world.answered
        }
        #expect(answered > 0)
    }
}
