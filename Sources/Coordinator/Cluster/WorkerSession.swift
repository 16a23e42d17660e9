// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPorts
import MartletWire

/// One connection of one worker, as long as it lasts.
final class WorkerSession: Sendable {
    private let service: ClusterService
    private let socket: any WebSocketConnection

    init(service: ClusterService, socket: any WebSocketConnection) {
        self.service = service
        self.socket = socket
    }

    /// Closes the connection; the worker comes back when it can.
    func end() async { await socket.close(code: 1001, reason: "come back later") }

    /// Conducts the connection to its end.
    func run() async {
        guard case .register(let registration)? = await message() else {
            return await socket.close(code: 1002, reason: "the first message must be a registration")
        }
        let worker = registration.profile.id
        let coordinator: Coordinator
        let orders: AsyncStream<WorkerOrder>
        do {
            (coordinator, orders) = try await service.join(registration, over: self, transport: "websocket")
        } catch {
            // What may be otherwise soon is no refusal: the worker tries again by itself.
            if (error as? any CodedError)?.isRetryable == true {
                return await socket.close(code: 1013, reason: "try again later")
            }
            let (code, message) = Coordinator.reason(error)
            await say(.refused(code: code, message: message))
            return await socket.close(code: 1008, reason: code)
        }
        let configuration = service.configuration
        await say(
            .welcome(
                chunkSize: configuration.chunkSize,
                heartbeatMilliseconds: configuration.heartbeatInterval.nanoseconds / 1_000_000))
        let sending = Task {
            for await order in orders {
                switch order {
                case .run(let assignment): await say(.run(assignment))
                case .stop(let lease): await say(.stop(lease))
                case .prefetch(let assignment): await say(.prefetch(assignment))
                }
            }
            // The coordinator has nothing more to say to this connection.
            await socket.close(code: 1001, reason: "come back later")
        }
        let hasLeft = await listen(to: worker, for: coordinator)
        sending.cancel()
        if hasLeft {
            await service.left(worker, session: self, from: coordinator)
        } else {
            await service.disconnected(worker, session: self, from: coordinator)
        }
        await socket.close(code: 1000, reason: "")
    }

    /// Takes what the worker says until the connection ends; returns whether it said that it leaves.
    private func listen(to worker: WorkerID, for coordinator: Coordinator) async -> Bool {
        while let message = await message() {
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
            case .leaving: return true
            case .register: return false
            }
        }
        return false
    }

    private func message() async -> WorkerMessage? {
        guard case .text(let text)? = await socket.receive() else { return nil }
        return try? MessageText.decode(WorkerMessage.self, from: text)
    }

    /// A message that does not get through needs no other care: the connection ends, and the worker comes back.
    private func say(_ message: CoordinatorMessage) async {
        guard let text = try? MessageText.encode(message) else { return }
        try? await socket.send(.text(text))
    }
}
