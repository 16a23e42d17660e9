// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Dispatch
import Glibc

/// Tells of writes to one file, by any process of this machine, until it is dropped.
///
/// Source: <https://man7.org/linux/man-pages/man7/inotify.7.html>
final class FileWatch {
    private let source: any DispatchSourceRead

    init(_ path: String, on queue: DispatchQueue, _ body: @escaping @Sendable () -> Void) throws {
        let descriptor = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
        guard descriptor >= 0, inotify_add_watch(descriptor, path, UInt32(IN_MODIFY)) >= 0 else {
            let reason = String(cString: strerror(errno))
            if descriptor >= 0 { close(descriptor) }
            throw StoreError(
                .failed, "the file \(path) cannot be watched: \(reason)",
                advice: "Raise fs.inotify.max_user_instances and fs.inotify.max_user_watches.")
        }
        source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
        source.setEventHandler {
            // What happened how often does not matter.
            withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 8) { buffer in
                while read(descriptor, buffer.baseAddress, buffer.count) > 0 {}
            }
            body()
        }
        source.setCancelHandler { close(descriptor) }
        source.activate()
    }

    deinit { source.cancel() }
}
