// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import Glibc
import MartletTestKit

/// A network namespace that one cable joins to this machine's own.
struct CutNetwork: Sendable {
    /// The system did not let a part of it be made.
    struct CannotMake: Error, CustomStringConvertible { let description: String }

    private let space: String
    private let cable: String
    private let inside: String

    /// This machine's end.
    let address: String
    /// Runs a program inside.
    var wrapper: [String] { ["ip", "netns", "exec", space] }

    /// Whether this process may make one.
    static var isPermitted: Bool { get async { await permission.value } }

    private static let permission = Task {
        guard let network = try? await CutNetwork(7) else { return false }
        network.remove()
        return true
    }

    /// Makes it.
    ///
    /// - Parameter number: tells those of one test run apart, 0 to 7.
    init(_ number: Int = 0) async throws {
        space = "martlet-\(getpid())-\(number)"
        cable = "mt\(getpid())-\(number)"
        // Other test runs on this machine have others.
        let place = (Int(getpid()) * 8 + number) % 60_000
        let end = "\(place / 250).\(place % 250 + 1)"
        address = "10.213.\(end)"
        inside = "10.214.\(end)"
        do {
            try await Self.ip(["netns", "add", space])
            try await Self.ip([
                "link", "add", cable, "type", "veth", "peer", "name", "inside", "netns", space,
            ])
            try await Self.ip(["address", "add", address, "peer", inside, "dev", cable])
            try await Self.ip(["link", "set", cable, "up"])
            let there = ["-n", space]
            try await Self.ip(there + ["address", "add", inside, "peer", address, "dev", "inside"])
            try await Self.ip(there + ["link", "set", "inside", "up"])
            try await Self.ip(there + ["link", "set", "lo", "up"])
        } catch {
            remove()
            throw error
        }
    }

    /// Pulls the cable out on the far side (`down`), or puts it in again (`up`).
    func set(_ state: String) async throws { try await Self.ip(["-n", space, "link", "set", "inside", state]) }

    /// Pulls the cable out for so long.
    func cut(for duration: Duration) async throws {
        try await set("down")
        try await Task.sleep(for: duration)
        try await set("up")
    }

    /// Takes all of it away; nothing happens when it is gone.
    func remove() {
        for arguments in [["link", "delete", cable], ["netns", "delete", space]] {
            let process = Process()
            process.executableURL = URL(filePath: "/usr/bin/env")
            process.arguments = ["ip"] + arguments
            process.standardError = FileHandle.nullDevice
            guard (try? process.run()) != nil else { continue }
            process.waitUntilExit()
        }
    }

    private static func ip(_ arguments: [String]) async throws {
        let outcome = try await ChildProcess.run("ip", arguments)
        guard outcome.isSuccess else { throw CannotMake(description: outcome.errors) }
    }
}
