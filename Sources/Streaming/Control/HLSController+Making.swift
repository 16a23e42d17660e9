// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel
internal import MartletPlanning
internal import MartletPorts
internal import MartletScheduling

/// What is made, and when: what `DemandMachine` decides is performed.
extension HLSController {
    /// How far encodes step back that nobody waits for. Somebody may before they are done, and without privileges none can
    /// be brought forward again: they have a quarter of the others' share then, and not next to nothing.
    private static let niceAhead = 5
    /// How long nothing is begun on a full disk.
    private static let fullTime: Duration = .seconds(5)

    package func wanted(_ part: StreamPart) -> [CacheName]? {
        guard machine.wants(part), let film = films.film(ofPlan: part.film) else { return nil }
        return Self.files(of: part, in: film, options.container)
    }

    package func completed(_ part: StreamPart) {
        perform(machine.appeared(part, now: time.now()))
        answerInitializations(of: part)
    }

    package func freed(_ part: StreamPart?) { perform(machine.isFree(part, now: time.now())) }

    /// What of the cache a part is.
    private static func files(of part: StreamPart, in film: OpenFilm, _ container: SegmentContainer) -> [CacheName] {
        let segments = film.plan.segments(of: part).map { segment in
            CacheName(film: part.film, rendition: part.rendition, segment: segment, container: container)
        }
        let first = CacheName(film: part.film, rendition: part.rendition, file: CacheName.initialization)
        return container == .mp4 ? [first] + segments : segments
    }

    func perform(_ actions: [DemandMachine.Action]) {
        guard !isStopped else { return }
        for action in actions {
            switch action {
            case .make(let part): begin(part)
            case .stop(let part): making[part]?.cancel()
            case .answer(let waiter, _): waiters.end(waiter, .success(()))
            case .refuse(let waiter, let part, let reason):
                waiters.end(waiter, .failure(reasons[part] ?? StreamingError(.cannotMake, reason)))
            }
        }
        wakeInTime()
    }

    private func begin(_ part: StreamPart) {
        guard let film = films.film(ofPlan: part.film) else {
            // Its viewers are gone, or it changed while they watched.
            return refuse(part, StreamingError(.notFound, "The film changed, or is gone."))
        }
        if let fullness, time.now() < fullness.until {
            // Other nodes would wait for a claim that comes to nothing.
            return refuse(part, fullness.error)
        }
        reasons[part] = nil
        let (surroundings, container) = (surroundings, options.container)
        let start = time.now()
        // What is made ahead gives way to what somebody waits for.
        let niceness = waiters.areThere(for: part) ? 0 : Self.niceAhead
        making[part] = Task {
            let outcome = await surroundings.worker.make(part, files: Self.files(of: part, in: film, container)) {
                do {
                    return try await Self.make(part, of: film, niceness: niceness, with: surroundings)
                } catch let error as any CodedError {
                    await self.note(error, of: part)
                    throw error
                }
            } publish: { packaged in
                do {
                    try await surroundings.cache.publish(packaged, of: part, container: container)
                } catch let error as any CodedError {
                    await self.note(error, of: part)
                    throw error
                }
            }
            self.ended(part, outcome, since: start)
        }
    }

    /// Makes a part; where the disk is full, once more after something went.
    private static func make(
        _ part: StreamPart, of film: OpenFilm, niceness: Int, with surroundings: Surroundings
    ) async throws -> PackagedPart {
        do {
            return try await surroundings.maker.make(part, of: film.plan, at: film.path, niceness: niceness)
        } catch let error as any CodedError where error.exitStatus == .writeFailed {
            await surroundings.cache.makeRoom()
            return try await surroundings.maker.make(part, of: film.plan, at: film.path, niceness: niceness)
        }
    }

    /// Tells who waits for a part why it is not made here.
    private func refuse(_ part: StreamPart, _ error: any CodedError) {
        reasons[part] = error
        perform(machine.failed(part, reason: error.message, isRetryable: false, now: time.now()))
    }

    private func note(_ error: any CodedError, of part: StreamPart) { reasons[part] = error }

    private func ended(_ part: StreamPart, _ outcome: PartOutcome, since start: Moment) {
        let now = time.now()
        making[part] = nil
        surroundings.metrics.ended(outcome, after: now - start)
        switch outcome {
        case .made, .found:
            reasons[part] = nil
            perform(machine.made(part, now: now))
            answerInitializations(of: part)
        case .held(let remaining): perform(machine.isHeld(part, for: remaining, now: now))
        case .stopped: perform(machine.stopped(part, now: now))
        case .failed(let reason, let isRetryable):
            // Another try here needs the same room; another node may have it.
            let full = reasons[part].flatMap { $0.exitStatus == .writeFailed ? $0 : nil }
            if let full { fullness = (now + Self.fullTime, full) }
            perform(machine.failed(part, reason: reason, isRetryable: isRetryable && full == nil, now: now))
        case .full(let reason):
            let full = StreamingError(.noSpace, reason, advice: "Free some space there.", isRetryable: true)
            fullness = (now + Self.fullTime, full)
            refuse(part, full)
        }
    }

    /// Who waits for what stands before all segments has it with any of them.
    private func answerInitializations(of part: StreamPart) {
        for (number, wanted) in waiters.forInitialization(of: part) {
            waiters.end(number, .success(()))
            perform(machine.leave(number, part: wanted, now: time.now()))
        }
    }

    // MARK: Time

    /// Sees to it that something happens when the next deadline comes.
    private func wakeInTime() {
        let deadlines = [machine.nextDeadline, waiters.nextDeadline].compactMap(\.self)
        guard let next = deadlines.min() else {
            timer?.task.cancel()
            timer = nil
            return
        }
        if let timer, timer.deadline <= next { return }
        timer?.task.cancel()
        let time = time
        timer = (
            next,
            Task { [weak self] in
                guard (try? await time.sleep(until: next)) != nil else { return }
                await self?.timePassed()
            }
        )
    }

    private func timePassed() {
        timer = nil
        let now = time.now()
        for (number, part) in waiters.late(at: now) {
            leave(
                number,
                StreamingError(
                    .timedOut, "\(part) was not made in \(configuration.patience).", isRetryable: true,
                    headers: ["Retry-After": "1"]))
        }
        perform(machine.advance(to: now))
        let waiting = waiters.viewers
        sessions = sessions.filter {
            now < $0.value.lastSeen + configuration.demand.idleTimeout || waiting.contains($0.key)
        }
        // Also while a part rests: who asks for it then is told the same.
        reasons = reasons.filter { making[$0.key] != nil || machine.wants($0.key) }
    }
}
