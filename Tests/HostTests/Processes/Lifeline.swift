// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import Glibc
import Testing

/// A named pipe that processes hold open while they live: the only way to hear
/// of the end of a process that is not one's own child.
final class Lifeline {
    let path = NSTemporaryDirectory() + "lifeline-\(UUID().uuidString)"
    private let reader: Int32

    init() throws {
        try #require(mkfifo(path, 0o600) == 0)
        reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        try #require(reader >= 0)
    }

    deinit {
        close(reader)
        unlink(path)
    }

    /// Waits until the last process that held the pipe is gone; `false` when that takes 20 seconds.
    func isCut() -> Bool {
        var descriptor = pollfd(fd: reader, events: 0, revents: 0)
        return poll(&descriptor, 1, 20_000) == 1 && descriptor.revents & Int16(POLLHUP) != 0
    }
}
