// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletCoordinator
import MartletHost
import MartletModel
import MartletPorts
import MartletTestKit

/// A worker led by the test: it writes small files, and says of them what the test wants.
final class Hand: Sendable {
    /// What becomes of an order; `nil` leaves it to the test.
    typealias Policy = @Sendable (Hand, TaskAssignment) async throws -> AttemptResult?

    let assignments = Journal<TaskAssignment>()
    let stops = Journal<LeaseToken>()
    /// Whether each result was taken.
    let taken = Journal<Bool>()
    let left = Journal<Void>()
    let profile: WorkerProfile
    let coordinator: any TaskDispatch
    private let policy: Policy

    init(
        _ coordinator: any TaskDispatch, id: String = "w1", slots: Int = 2,
        policy: @escaping Policy = { hand, task in .completed(try await hand.made(task)) }
    ) {
        self.coordinator = coordinator
        self.policy = policy
        profile = .sample(id, slots: slots)
    }

    /// Leaves every order to the test.
    static let idle: Policy = { _, _ in nil }

    /// Joins, with what it still runs, and takes orders until there are no more.
    func join(holding leases: [LeaseToken] = []) async throws {
        let orders = try await coordinator.register(profile, holding: leases)
        Task {
            for await order in orders {
                switch order {
                case .run(let assignment):
                    assignments.note(assignment)
                    Task {
                        if let result = try await self.policy(self, assignment) {
                            try await self.finish(assignment, result)
                        }
                    }
                case .stop(let lease): stops.note(lease)
                case .prefetch: break
                }
            }
            left.note(())
        }
    }

    /// Says how an attempt ended; returns whether it was taken.
    @discardableResult
    func finish(_ assignment: TaskAssignment, _ result: AttemptResult) async throws -> Bool {
        let isTaken = try await coordinator.finish(assignment.lease, result: result)
        taken.note(isTaken)
        return isTaken
    }

    /// Makes a task's result: a file that names the task, and what is true of it.
    func made(_ assignment: TaskAssignment) async throws -> Artifact {
        let task = assignment.task
        let name = "\(task.id).\(assignment.lease.epoch.number).\(task.fileExtension)"
        let path = "\(assignment.directory)/\(name)"
        try Data("[\(task.id)]".utf8).write(to: URL(filePath: path))
        let count: Int
        switch task.expectation {
        case .frames(let segment): count = segment.frameCount
        case .frameCount(let frames): count = frames
        case .sound, .anything: count = 1
        }
        return Artifact(
            task: task.id, fileName: name, size: try LocalFiles().size(of: path),
            digest: try await LocalFiles().digest(of: path), count: count, payload: ByteCount(Int64(count) * 100))
    }

    /// The failure that says that the frames are not those of the list.
    static let mismatch = AttemptFailure(
        code: "worker.frames_mismatch", message: "299 frames were encoded where 300 were expected", log: "tail",
        isRetryable: false, exitStatus: .verificationFailed)
}
