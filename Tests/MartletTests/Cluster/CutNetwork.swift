// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import Glibc
import MartletTestKit

/// A network namespace that one cable joins to this machine's own.
struct CutNetwork: Sendable {
    /// The system did not let a part of it be made.
    struct CannotMake: Error, CustomStringConvertible { let description: String }

    private static let number = Int(getpid()) % 60_000
    private static let space = "martlet-\(getpid())"
    private static let cable = "mt\(getpid())"

    /// This machine's end.
    let address = "10.213.\(number / 250).\(number % 250 + 1)"
    /// Runs a program inside.
    var wrapper: [String] { ["ip", "netns", "exec", Self.space] }

    /// Whether this process may make one.
    static var isPermitted: Bool {
        get async {
            guard let network = try? await CutNetwork() else { return false }
            network.remove()
            return true
        }
    }

    /// Makes it.
    init() async throws {
        do {
            try await Self.ip(["netns", "add", Self.space])
            try await Self.ip([
                "link", "add", Self.cable, "type", "veth", "peer", "name", "inside", "netns", Self.space,
            ])
            try await Self.ip(["address", "add", address, "peer", "10.214.0.1", "dev", Self.cable])
            try await Self.ip(["link", "set", Self.cable, "up"])
            let inside = ["-n", Self.space]
            try await Self.ip(inside + ["address", "add", "10.214.0.1", "peer", address, "dev", "inside"])
            try await Self.ip(inside + ["link", "set", "inside", "up"])
            try await Self.ip(inside + ["link", "set", "lo", "up"])
        } catch {
            remove()
            throw error
        }
    }

    /// Pulls the cable out on the far side (`down`), or puts it in again (`up`).
    func set(_ state: String) async throws { try await Self.ip(["-n", Self.space, "link", "set", "inside", state]) }

    /// Takes all of it away; nothing happens when it is gone.
    func remove() {
        for arguments in [["link", "delete", Self.cable], ["netns", "delete", Self.space]] {
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
