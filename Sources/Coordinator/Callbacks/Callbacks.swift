// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel
package import MartletPorts
internal import MartletWire

/// Tells the ends of jobs to whoever asked for it.
///
/// What is owed is kept in files from the job's beginning on, so that no end of this process loses it; the other end may
/// hear of a job twice, never not at all while it answers within the tries.
package actor Callbacks {
    /// What callbacks work with.
    package struct Surroundings: Sendable {
        /// Knows the jobs.
        package var control: any ClusterControl
        /// Calls.
        package var caller: any HTTPCaller
        /// Signs.
        package var signer: any MessageSigner
        /// Keeps what is owed.
        package var records: RecordFiles<PendingCallback>
        /// Tells the time.
        package var time: any TimeSource
        /// Counts.
        package var metrics: ClusterMetrics

        /// Makes surroundings.
        package init(
            control: any ClusterControl, caller: any HTTPCaller, signer: any MessageSigner,
            records: RecordFiles<PendingCallback>, time: any TimeSource, metrics: ClusterMetrics
        ) {
            self.control = control
            self.caller = caller
            self.signer = signer
            self.records = records
            self.time = time
            self.metrics = metrics
        }
    }

    /// How long it is waited before each try.
    static let delays: [Duration] = [.zero, .seconds(5), .seconds(20), .seconds(60), .seconds(180)]
    /// How many calls are under way at most.
    private static let limit = 16

    private let surroundings: Surroundings
    private let secret: [UInt8]?
    private var callsUnderWay = 0
    private var waiting: [CheckedContinuation<Void, Never>] = []

    /// Makes it.
    ///
    /// - Parameter secret: what callbacks are signed with; `nil` leaves the signature out.
    package init(secret: [UInt8]?, with surroundings: Surroundings) {
        self.secret = secret
        self.surroundings = surroundings
    }

    /// Takes up what is owed, and follows the cluster's events until they end or the task is cancelled.
    ///
    /// - Throws: when what is owed cannot be read.
    package func run() async throws {
        // Listening comes first, so that nothing that ends meanwhile is missed.
        let events = await surroundings.control.events()
        try await withThrowingDiscardingTaskGroup { group in
            for (_, owed) in try await surroundings.records.all() {
                group.addTask { await self.takeUp(owed) }
            }
            for await event in events {
                switch event {
                case .jobSubmitted(let job), .jobStateChanged(let job, .queued): await self.began(job)
                case .jobCompleted(let job), .jobFailed(let job, _, _), .jobStateChanged(let job, .cancelled):
                    group.addTask { await self.ended(job) }
                case .jobStateChanged, .taskStarted, .taskProgress, .taskCompleted, .taskFailed, .taskRetried,
                    .workerRegistered, .workerStateChanged, .workerUnregistered, .progress, .warning:
                    break
                }
            }
            group.cancelAll()
        }
    }

    /// Remembers that a job's end is to be told.
    private func began(_ job: JobID) async {
        guard let view = try? await surroundings.control.job(job), let url = view.callbackURL else { return }
        await keep(PendingCallback(job: job, url: url))
    }

    /// Goes on with what an earlier life of the process owes.
    private func takeUp(_ owed: PendingCallback) async {
        if owed.body != nil { await deliver(owed) } else { await ended(owed.job) }
    }

    /// Tells a job's end, where it has come to one.
    private func ended(_ job: JobID) async {
        guard let view = try? await surroundings.control.job(job), let url = view.callbackURL, view.state.isFinal
        else { return }
        let name =
            switch view.state {
            case .completed: "jobCompleted"
            case .cancelled: "jobCancelled"
            case .failed, .queued, .waitingForWorkers, .benchmarking, .processing, .combining: "jobFailed"
            }
        let time = view.finishedMs ?? surroundings.time.wallMilliseconds()
        guard let body = try? JSONText.text(CallbackMessage(event: name, timeMs: time, job: view)) else { return }
        let owed = PendingCallback(job: job, url: url, body: body)
        await keep(owed)
        await deliver(owed)
    }

    private func deliver(_ first: PendingCallback) async {
        var owed = first
        while owed.tries < Self.delays.count {
            let deadline = surroundings.time.now() + Self.delays[owed.tries]
            // An end of this process leaves the rest to the next one.
            guard (try? await surroundings.time.sleep(until: deadline)) != nil, !Task.isCancelled else { return }
            await beginCall()
            let isDelivered = await call(owed)
            endCall()
            if Task.isCancelled { return }
            if isDelivered { return await settle(owed, isDelivered: true) }
            owed.tries += 1
            await keep(owed)
        }
        await settle(owed, isDelivered: false)
    }

    /// Makes one call; whether the other end took it. A redirection is no yes: the address is the one that was given.
    private func call(_ owed: PendingCallback) async -> Bool {
        let body = Array((owed.body ?? "").utf8)
        var headers: HTTPHeaders = ["Content-Type": MediaType.json, "User-Agent": "Martlet"]
        if let secret {
            let timestamp = "\(surroundings.time.wallMilliseconds() / 1000)"
            let signature = surroundings.signer.signature(of: Array("\(timestamp).".utf8) + body, secret: secret)
            headers[CallbackMessage.timestampField] = timestamp
            headers[CallbackMessage.signatureField] = "sha256=" + signature
        }
        let call = HTTPCall("POST", owed.url, headers: headers, body: .bytes(body))
        guard let answer = try? await surroundings.caller.call(call, limit: 64 << 10) else { return false }
        return (200..<300).contains(answer.status)
    }

    private func settle(_ owed: PendingCallback, isDelivered: Bool) async {
        surroundings.metrics.callbackEnded(isDelivered: isDelivered)
        // A file that cannot be removed is told once more by the next life, which is allowed.
        try? await surroundings.records.forget(owed.job.text)
    }

    private func keep(_ owed: PendingCallback) async {
        // On a full disk it is told all the same, as long as this process lives.
        try? await surroundings.records.keep(owed, as: owed.job.text)
    }

    private func beginCall() async {
        guard callsUnderWay >= Self.limit else {
            callsUnderWay += 1
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    private func endCall() {
        if waiting.isEmpty { callsUnderWay -= 1 } else { waiting.removeFirst().resume() }
    }
}
