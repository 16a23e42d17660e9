// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import Glibc
import MartletTestKit

/// A small disk of a machine's own, which can be filled and freed; only a directory where that is not permitted.
final class ChaosDisk: Sendable {
    /// Where it is.
    let path: String
    /// Whether it can be filled.
    let isReal: Bool

    private static let size = 2 << 30

    /// Makes an empty one.
    init(at path: String) async throws {
        self.path = path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let outcome = try await ChildProcess.run(
            "mount", ["-t", "tmpfs", "-o", "size=\(Self.size)", "martlet", path])
        isReal = outcome.isSuccess
    }

    /// Leaves next to no space.
    func fill() async throws {
        guard isReal else { return }
        var facts = statvfs()
        guard statvfs(path, &facts) == 0 else { return }
        let used = Int(facts.f_blocks - facts.f_bfree) * Int(facts.f_frsize)
        try await resize(used + 16_384)
    }

    /// Gives all the space back.
    func free() async throws { try await resize(Self.size) }

    /// Removes everything on it.
    func empty() throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: path) {
            try FileManager.default.removeItem(atPath: "\(path)/\(name)")
        }
    }

    /// Takes it away.
    func remove() async throws {
        if isReal { _ = try await ChildProcess.run("umount", ["--lazy", path]) }
    }

    /// A disk on which more was written meanwhile stays as it is.
    private func resize(_ bytes: Int) async throws {
        if isReal { _ = try await ChildProcess.run("mount", ["-o", "remount,size=\(bytes)", path]) }
    }
}
