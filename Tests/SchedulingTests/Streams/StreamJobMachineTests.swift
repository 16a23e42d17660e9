// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletScheduling
import MartletTestKit
import Testing

@Suite("Streams of plain workers")
struct StreamJobMachineTests {
    private static let film = JobID("film")
    private static let other = JobID("other")
    private static let gpu = WorkerID("gpu")
    private static let quick = WorkerID("quick")
    private static let slow = WorkerID("slow")

    private static func stream(
        _ id: JobID, order: Int64 = 1, priority: Priority = .normal, start: Double = 0
    ) -> StreamJob {
        StreamJob(id: id, priority: priority, order: order, start: .seconds(start))
    }

    private static func idle(_ processors: Double? = nil, _ hardware: [String] = []) -> StreamWorker.Report {
        StreamWorker.Report(isIdle: true, hardware: hardware, processors: processors)
    }

    private static let busy = StreamWorker.Report(isIdle: false)

    /// A machine with three idle workers: one with hardware, one with little and one with much to do.
    private func machine() -> StreamJobMachine {
        var machine = StreamJobMachine()
        _ = machine.heard(Self.slow, Self.idle(0.5), now: at(0))
        _ = machine.heard(Self.quick, Self.idle(0.1), now: at(0))
        _ = machine.heard(Self.gpu, Self.idle(0.9, ["nvenc"]), now: at(0))
        return machine
    }

    private func offers(_ actions: [StreamJobMachine.Action]) -> [WorkerID] {
        actions.compactMap { if case .offer(_, let worker, _, _) = $0 { worker } else { nil } }
    }

    @Test("Hardware comes first, then the least load")
    func choice() {
        var machine = machine()
        #expect(
            machine.add(Self.stream(Self.film, start: 7), now: at(1))
                == [.changed(Self.film), .offer(Self.film, Self.gpu, number: 1, from: .seconds(7))])
        #expect(offers(machine.add(Self.stream(Self.other, order: 2), now: at(1))) == [Self.quick])
        #expect(offers(machine.add(Self.stream(JobID("third"), order: 3), now: at(1))) == [Self.slow])
        #expect(machine.add(Self.stream(JobID("fourth"), order: 4), now: at(1)) == [])
    }

    @Test("A busy or draining worker gets nothing; the most urgent stream goes first")
    func waiting() {
        var machine = StreamJobMachine()
        #expect(machine.heard(Self.gpu, Self.busy, now: at(0)) == [.joined(Self.gpu), .altered(Self.gpu)])
        #expect(machine.add(Self.stream(Self.film, order: 1), now: at(0)) == [])
        #expect(machine.add(Self.stream(Self.other, order: 2, priority: .high), now: at(0)) == [])
        #expect(machine.add(Self.stream(JobID("third"), order: 0), now: at(0)) == [])
        let actions = machine.heard(Self.gpu, Self.idle(), now: at(1))
        #expect(
            actions == [
                .altered(Self.gpu), .changed(Self.other), .offer(Self.other, Self.gpu, number: 1, from: .zero),
            ])
        #expect(offers(machine.heard(Self.quick, Self.idle(), now: at(1))) == [Self.quick])
        #expect(machine.jobs[JobID("third")]?.worker == Self.quick)
        var draining = StreamJobMachine()
        _ = draining.heard(Self.gpu, Self.idle(), now: at(0))
        #expect(draining.drain(Self.gpu) == [.altered(Self.gpu)])
        #expect(draining.drain(Self.gpu) == [])
        #expect(draining.add(Self.stream(Self.film), now: at(0)) == [])
    }

    @Test("Who refuses rests, twice as long each time, and the next one is asked")
    func refusal() {
        var machine = machine()
        _ = machine.add(Self.stream(Self.film), now: at(0))
        let second = machine.answered(Self.film, number: 1, isAccepted: false, by: Self.gpu, now: at(1))
        #expect(
            second == [
                .changed(Self.film), .altered(Self.gpu), .changed(Self.film),
                .offer(Self.film, Self.quick, number: 2, from: .zero),
            ])
        #expect(
            offers(machine.answered(Self.film, number: 2, isAccepted: false, by: Self.quick, now: at(2))) == [Self.slow]
        )
        #expect(offers(machine.answered(Self.film, number: 3, isAccepted: false, by: Self.slow, now: at(3))).isEmpty)
        #expect(machine.nextDeadline == at(6))
        #expect(offers(machine.ticked(now: at(5.9))).isEmpty)
        #expect(offers(machine.ticked(now: at(6))) == [Self.gpu])
        // Its second refusal in a row: ten seconds.
        #expect(offers(machine.answered(Self.film, number: 4, isAccepted: false, by: Self.gpu, now: at(6))).isEmpty)
        #expect(machine.workers[Self.gpu]?.restsUntil == at(16))
        #expect(offers(machine.ticked(now: at(7))) == [Self.quick])
        #expect(
            machine.answered(Self.film, number: 5, isAccepted: true, by: Self.quick, now: at(7))
                == [.changed(Self.film), .altered(Self.quick)])
        #expect(machine.workers[Self.quick]?.refusals == 0)
    }

    @Test("A stream goes on elsewhere from where it was when its worker is silent")
    func silence() {
        var machine = machine()
        _ = machine.add(Self.stream(Self.film, start: 100), now: at(0))
        machine.learned(length: .seconds(1100), of: Self.film)
        _ = machine.answered(Self.film, number: 1, isAccepted: true, by: Self.gpu, now: at(0))
        #expect(
            machine.reported(Self.film, .streaming(share: 0.25), by: nil, now: at(20))
                == .taken([.progressed(Self.film)]))
        #expect(machine.jobs[Self.film]?.position == .seconds(350))
        #expect(machine.jobs[Self.film]?.progress == 0.25)
        for worker in [Self.quick, Self.slow] { _ = machine.heard(worker, Self.idle(0.3), now: at(29)) }
        #expect(machine.nextDeadline == at(30))
        #expect(
            machine.ticked(now: at(30)) == [
                .left(Self.gpu), .changed(Self.film), .changed(Self.film),
                .offer(Self.film, Self.quick, number: 2, from: .seconds(350)),
            ])
        _ = machine.answered(Self.film, number: 2, isAccepted: true, by: Self.quick, now: at(31))
        // Half of what was left.
        _ = machine.reported(Self.film, .streaming(share: 0.5), by: Self.quick, now: at(32))
        #expect(machine.jobs[Self.film]?.position == .seconds(725))
        #expect(machine.jobs[Self.film]?.progress == 0.625)
        // The first one comes back.
        #expect(machine.heard(Self.gpu, Self.busy, now: at(33)) == [.joined(Self.gpu), .altered(Self.gpu)])
        #expect(
            machine.reported(Self.film, .streaming(share: 0.9), by: Self.gpu, now: at(33))
                == .stale([.withdraw(Self.film, Self.gpu)]))
        #expect(machine.jobs[Self.film]?.progress == 0.625)
    }

    @Test("A worker that has nothing to do and says nothing of its stream has lost it")
    func forgotten() {
        var machine = machine()
        _ = machine.add(Self.stream(Self.film), now: at(0))
        _ = machine.answered(Self.film, number: 1, isAccepted: true, by: Self.gpu, now: at(1))
        #expect(machine.heard(Self.gpu, Self.idle(0, ["nvenc"]), now: at(20)) == [])
        let actions = machine.heard(Self.gpu, Self.idle(0, ["nvenc"]), now: at(31))
        #expect(actions.first == .changed(Self.film))
        #expect(offers(actions) == [Self.gpu])
    }

    @Test("A worker that fails is avoided; after three failures the stream has failed")
    func failures() {
        var machine = machine()
        _ = machine.add(Self.stream(Self.film), now: at(0))
        for (number, worker, next) in [(1, Self.gpu, Self.quick), (2, Self.quick, Self.slow)] {
            _ = machine.answered(Self.film, number: number, isAccepted: true, by: worker, now: at(0))
            guard case .taken(let actions) = machine.reported(Self.film, .failed(reason: "No."), by: worker, now: at(1))
            else {
                Issue.record("not taken")
                return
            }
            #expect(offers(actions) == [next])
        }
        _ = machine.answered(Self.film, number: 3, isAccepted: true, by: Self.slow, now: at(2))
        #expect(
            machine.reported(Self.film, .failed(reason: "Worse."), by: Self.slow, now: at(2))
                == .taken([.changed(Self.film), .altered(Self.slow)]))
        #expect(machine.jobs[Self.film]?.phase == .failed(reason: "Worse."))
        #expect(machine.workers[Self.slow]?.failed == 1)
        let actions = machine.retry(Self.film, now: at(60))
        #expect(actions.map { offers($0) } == .some([Self.gpu]))
    }

    @Test("One who failed gets the stream again when there is nobody else")
    func onlyOne() {
        var machine = StreamJobMachine()
        _ = machine.heard(Self.gpu, Self.idle(), now: at(0))
        _ = machine.add(Self.stream(Self.film), now: at(0))
        _ = machine.reported(Self.film, .failed(reason: "No."), by: nil, now: at(1))
        #expect(offers(machine.ticked(now: at(6))) == [Self.gpu])
    }

    @Test("A report before the answer to the offer counts as one")
    func earlyReport() {
        var machine = machine()
        _ = machine.add(Self.stream(Self.film), now: at(0))
        #expect(
            machine.reported(Self.film, .streaming(share: nil), by: Self.gpu, now: at(0))
                == .taken([.changed(Self.film), .altered(Self.gpu)]))
        #expect(machine.answered(Self.film, number: 1, isAccepted: true, by: Self.gpu, now: at(1)) == [])
        #expect(machine.answered(Self.film, number: 1, isAccepted: false, by: Self.gpu, now: at(1)) == [])
        #expect(machine.jobs[Self.film]?.phase == .streaming(Self.gpu))
    }

    @Test("Cancelling stops the worker, also one that answers too late")
    func cancelling() {
        var machine = machine()
        _ = machine.add(Self.stream(Self.film), now: at(0))
        #expect(
            machine.cancel(Self.film, now: at(1))
                == [.changed(Self.film), .altered(Self.gpu), .withdraw(Self.film, Self.gpu)])
        #expect(machine.cancel(Self.film, now: at(1)) == [])
        #expect(
            machine.answered(Self.film, number: 1, isAccepted: true, by: Self.gpu, now: at(2))
                == [.withdraw(Self.film, Self.gpu)])
        #expect(machine.answered(Self.film, number: 1, isAccepted: false, by: Self.gpu, now: at(2)) == [])
        #expect(
            machine.reported(Self.film, .completed, by: Self.gpu, now: at(2))
                == .stale([.withdraw(Self.film, Self.gpu)]))
        #expect(machine.reported(Self.film, .completed, by: nil, now: at(2)) == .stale([]))
        #expect(machine.reported(JobID("none"), .completed, by: nil, now: at(2)) == .unknown)
        #expect(machine.jobs[Self.film]?.phase == .cancelled)
        // The worker is free again.
        #expect(offers(machine.add(Self.stream(Self.other), now: at(3))) == [Self.gpu])
    }

    @Test("A completed stream frees its worker for the next")
    func completion() {
        var machine = StreamJobMachine()
        _ = machine.heard(Self.gpu, Self.idle(), now: at(0))
        _ = machine.add(Self.stream(Self.film), now: at(0))
        _ = machine.add(Self.stream(Self.other, order: 2), now: at(0))
        _ = machine.answered(Self.film, number: 1, isAccepted: true, by: Self.gpu, now: at(0))
        guard case .taken(let actions) = machine.reported(Self.film, .completed, by: Self.gpu, now: at(1)) else {
            Issue.record("not taken")
            return
        }
        #expect(offers(actions) == [Self.gpu])
        #expect(machine.jobs[Self.film]?.progress == 1)
        #expect(machine.retry(Self.film, now: at(1)) == nil)
        machine.forget(Self.film)
        machine.forget(Self.other)
        #expect(Set(machine.jobs.keys) == [Self.other])
    }

    @Test("Taking a worker out moves its stream at once")
    func removal() {
        var machine = machine()
        _ = machine.add(Self.stream(Self.film), now: at(0))
        _ = machine.answered(Self.film, number: 1, isAccepted: true, by: Self.gpu, now: at(0))
        let actions = machine.remove(Self.gpu, now: at(1))
        #expect(actions.prefix(2) == [.left(Self.gpu), .withdraw(Self.film, Self.gpu)])
        #expect(offers(actions) == [Self.quick])
        #expect(machine.remove(Self.gpu, now: at(1)) == [])
    }

    @Test("After a restart a worker is waited for as long as it may be silent", arguments: [true, false])
    func restart(comesBack: Bool) {
        var before = machine()
        _ = before.add(Self.stream(Self.film, start: 5), now: at(0))
        guard let job = before.jobs[Self.film] else {
            Issue.record("no job")
            return
        }
        var machine = StreamJobMachine()
        #expect(machine.add(job, now: at(0)) == [])
        #expect(offers(machine.heard(Self.quick, Self.idle(), now: at(1))).isEmpty)
        if comesBack {
            #expect(machine.heard(Self.gpu, Self.busy, now: at(10)) == [.joined(Self.gpu), .altered(Self.gpu)])
            _ = machine.heard(Self.quick, Self.idle(), now: at(29))
            #expect(machine.ticked(now: at(30)) == [])
            #expect(machine.reported(Self.film, .completed, by: Self.gpu, now: at(30)) != .unknown)
        } else {
            _ = machine.heard(Self.quick, Self.idle(), now: at(29))
            #expect(offers(machine.ticked(now: at(30))) == [Self.quick])
        }
    }

    @Test("Whatever happens, a worker has one stream at most, and every stream comes to its end", arguments: 0..<100)
    func properties(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var machine = StreamJobMachine()
        let ids = (0..<6).map { WorkerID("w\($0)") }
        var now = 0.0
        var asked: [(JobID, WorkerID, Int)] = []
        func take(_ actions: [StreamJobMachine.Action]) {
            for case .offer(let job, let worker, let number, _) in actions { asked.append((job, worker, number)) }
        }
        for step in 0..<400 {
            now += Double.random(in: 0..<4, using: &random)
            let id = ids.randomElement(using: &random) ?? ids[0]
            let job = JobID("j\(Int.random(in: 0..<12, using: &random))")
            switch Int.random(in: 0..<9, using: &random) {
            case 0 where step < 200:
                if machine.jobs[job] == nil {
                    take(machine.add(Self.stream(job, order: Int64(step)), now: at(now)))
                }
            case 1...3: take(machine.heard(id, step.isMultiple(of: 5) ? Self.busy : Self.idle(0.5), now: at(now)))
            case 4...5:
                guard !asked.isEmpty else { continue }
                let (job, worker, number) = asked.remove(at: Int.random(in: 0..<asked.count, using: &random))
                let isAccepted = Bool.random(using: &random)
                take(machine.answered(job, number: number, isAccepted: isAccepted, by: worker, now: at(now)))
            case 6:
                let reports: [StreamJobMachine.Report] = [.streaming(share: 0.5), .completed, .failed(reason: "x")]
                let verdict = machine.reported(
                    job, reports[step % 3], by: Bool.random(using: &random) ? id : nil, now: at(now))
                if case .taken(let actions) = verdict { take(actions) }
            case 7: take(step.isMultiple(of: 7) ? machine.cancel(job, now: at(now)) : machine.remove(id, now: at(now)))
            default: take(machine.ticked(now: at(now)))
            }
            let owners = machine.jobs.values.filter { !$0.phase.isFinal }.compactMap(\.worker)
            #expect(Set(owners).count == owners.count, "step \(step)")
            for owner in owners { #expect(machine.workers[owner] != nil, "step \(step)") }
        }
        // From here on every worker is well.
        for _ in 0..<2000 {
            now += 1
            for id in ids {
                let isFree = !machine.jobs.values.contains { !$0.phase.isFinal && $0.worker == id }
                take(machine.heard(id, isFree ? Self.idle(0.5) : Self.busy, now: at(now)))
            }
            for (job, worker, number) in asked {
                take(machine.answered(job, number: number, isAccepted: true, by: worker, now: at(now)))
            }
            asked = []
            for job in machine.jobs.values {
                guard case .streaming(let worker) = job.phase else { continue }
                if case .taken(let actions) = machine.reported(job.id, .completed, by: worker, now: at(now)) {
                    take(actions)
                }
            }
            take(machine.ticked(now: at(now)))
            if machine.jobs.values.allSatisfy(\.phase.isFinal) { return }
        }
        Issue.record("seed \(seed): \(machine.jobs.values.filter { !$0.phase.isFinal })")
    }
}
