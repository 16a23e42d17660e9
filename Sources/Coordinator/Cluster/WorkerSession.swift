// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPorts
import MartletWire
import Synchronization

/// One connection of one worker, as long as it lasts.
///
/// It has a task only while there is something to do: of a thousand workers nearly all are silent at any moment.
final class WorkerSession: WebSocketListener {
    private struct Contents {
        /// Whom the worker works for, once it was let in.
        var place: Place?
        /// Whether nothing that either side says counts any more.
        var isOver = false
        /// What the coordinator has to say and was not sent.
        var orders: [WorkerOrder] = []
        /// Whether the coordinator has nothing more to say.
        var isDismissed = false
        /// Whether a task sends orders, or they have to wait for the welcome.
        var isSending = true
    }

    private struct Place {
        var worker: WorkerID
        var coordinator: Coordinator
    }

    private let service: ClusterService
    private let socket: any WebSocketConnection
    private let contents = Mutex(Contents())

    init(service: ClusterService, socket: any WebSocketConnection) {
        self.service = service
        self.socket = socket
    }

    /// Closes the connection; the worker comes back when it can.
    func end() async { await socket.close(code: 1001, reason: "come back later") }

    // MARK: What the worker says

    func heard(_ message: WebSocketMessage) async {
        let (place, isOver) = contents.withLock { ($0.place, $0.isOver) }
        guard !isOver else { return }
        var said: WorkerMessage?
        if case .text(let text) = message { said = try? MessageText.decode(WorkerMessage.self, from: text) }
        switch (place, said) {
        case (nil, .register(let registration)): await begin(registration)
        case (nil, _):
            over()
            await socket.close(code: 1002, reason: "the first message must be a registration")
        case (let place?, let said?): await heard(said, in: place)
        case (.some, nil): await socket.close(code: 1000, reason: "")
        }
    }

    func ended() async {
        guard let place = over() else { return }
        await service.disconnected(place.worker, session: self, from: place.coordinator)
    }

    /// Nothing counts from now on. Returns the worker's place unless that was so already.
    @discardableResult
    private func over() -> Place? {
        contents.withLock { contents in
            guard !contents.isOver else { return nil }
            contents.isOver = true
            contents.orders = []
            return contents.place
        }
    }

    private func begin(_ registration: WorkerRegistration) async {
        let coordinator: Coordinator
        do {
            coordinator = try await service.join(registration, over: self, transport: "websocket") {
                [weak self] order in
                self?.take(order)
            }
        } catch {
            over()
            // What may be otherwise soon is no refusal: the worker tries again by itself.
            if (error as? any CodedError)?.isRetryable == true {
                return await socket.close(code: 1013, reason: "try again later")
            }
            let (code, message) = Coordinator.reason(error)
            await say(.refused(code: code, message: message))
            return await socket.close(code: 1008, reason: code)
        }
        contents.withLock { $0.place = Place(worker: registration.profile.id, coordinator: coordinator) }
        let configuration = service.configuration
        await say(
            .welcome(
                chunkSize: configuration.chunkSize,
                heartbeatMilliseconds: configuration.heartbeatInterval.nanoseconds / 1_000_000))
        Task { await sendOrders() }
    }

    private func heard(_ message: WorkerMessage, in place: Place) async {
        let (worker, coordinator) = (place.worker, place.coordinator)
        switch message {
        case .heartbeat(let leases, let load):
            service.meter.tell(.heartbeat("websocket"))
            if let load { service.roster.heard(worker, load: load) }
            let lost = try? await coordinator.heartbeat(worker, holding: leases, load: load)
            await say(.lost(lost ?? []))
        case .measured(let speed):
            service.roster.measured(worker, speed: speed)
            await coordinator.measured(worker, speed: speed)
        case .progress(let lease, let progress): await coordinator.report(lease, progress: progress)
        case .finished(let lease, let result):
            // The result's file is read to its end: nothing else may wait for that.
            Task {
                let isTaken = (try? await coordinator.finish(lease, result: result)) ?? false
                if isTaken { service.roster.ended(worker, result) }
                await say(.taken(lease, isTaken))
            }
        case .leaving:
            over()
            await service.left(worker, session: self, from: coordinator)
            await socket.close(code: 1000, reason: "")
        case .register: await socket.close(code: 1000, reason: "")
        }
    }

    // MARK: What the coordinator says

    private func take(_ order: WorkerOrder?) {
        let begins = contents.withLock { contents in
            guard !contents.isOver else { return false }
            if let order { contents.orders.append(order) } else { contents.isDismissed = true }
            defer { contents.isSending = true }
            return !contents.isSending
        }
        if begins { Task { await sendOrders() } }
    }

    /// Sends orders until there are none.
    private func sendOrders() async {
        while true {
            let (orders, isDismissed) = contents.withLock { contents in
                defer { contents.orders = [] }
                if contents.orders.isEmpty { contents.isSending = false }
                return (contents.orders, contents.isDismissed && !contents.isOver)
            }
            for order in orders {
                switch order {
                case .run(let assignment): await say(.run(assignment))
                case .stop(let lease): await say(.stop(lease))
                case .prefetch(let assignment): await say(.prefetch(assignment))
                }
            }
            guard orders.isEmpty else { continue }
            return isDismissed ? await socket.close(code: 1001, reason: "come back later") : ()
        }
    }

    /// A message that does not get through needs no other care: the connection ends, and the worker comes back.
    private func say(_ message: CoordinatorMessage) async {
        guard let text = try? MessageText.encode(message) else { return }
        try? await socket.send(.text(text))
    }
}
