// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CSpawn
internal import Glibc
internal import MartletModel
internal import Synchronization

/// The one thread that starts, reads, stops and reaps every child process.
///
/// A child is bound to die with the thread that started it, so this thread lives
/// as long as the process. It sleeps in `poll` until a child has something to
/// say, ends, or runs out of its grace.
final class ChildLoop: Sendable {
    /// The process's loop; the thread starts with the first use.
    static let shared = ChildLoop()

    private let arrivals = Mutex<[ChildRun]>([])
    /// An `eventfd`, readable when something is to be looked at.
    private let wakeup: Int32

    private init() {
        wakeup = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        guard wakeup >= 0 else { fatalError("no event descriptor: error \(errno)") }
        // Where a parent had it ignored, the system would reap children by itself.
        signal(SIGCHLD, SIG_DFL)
        var thread = pthread_t()
        let failure = pthread_create(
            &thread, nil,
            { loop in
                guard let loop else { return nil }
                Unmanaged<ChildLoop>.fromOpaque(loop).takeRetainedValue().serve()
            }, Unmanaged.passRetained(self).toOpaque())
        guard failure == 0 else { fatalError("no thread for children: error \(failure)") }
    }

    /// Starts a run; its waiter must be set before.
    func start(_ run: ChildRun) {
        arrivals.withLock { $0.append(run) }
        wake()
    }

    /// Makes the thread look at what runs want.
    func wake() { eventfd_write(wakeup, 1) }

    private func serve() -> Never {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
        var children: [Child] = []
        while true {
            let deadline = children.compactMap(\.deadline).min()
            var descriptors = [pollfd(fd: wakeup, events: Int16(POLLIN), revents: 0)]
            for child in children {
                for descriptor in [child.pidfd, child.output.reader, child.errors.reader] {
                    // poll passes over negative descriptors.
                    descriptors.append(pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0))
                }
            }
            let ready = poll(&descriptors, nfds_t(descriptors.count), timeout(until: deadline))
            guard ready >= 0 || errno == EINTR else { fatalError("poll failed: error \(errno)") }

            if ready > 0 {
                for index in children.indices {
                    if descriptors[index * 3 + 2].revents != 0 {
                        _ = children[index].output.read(into: buffer, children[index].run.output)
                    }
                    if descriptors[index * 3 + 3].revents != 0 {
                        _ = children[index].errors.read(into: buffer, children[index].run.errors)
                    }
                }
                for index in children.indices.reversed() where descriptors[index * 3 + 1].revents != 0 {
                    children[index].finish(buffer: buffer)
                    children.remove(at: index)
                }
                var count: eventfd_t = 0
                eventfd_read(wakeup, &count)
            }
            for run in takeArrivals() {
                if let child = begin(run) { children.append(child) }
            }
            let now = MonotonicClock.now()
            for index in children.indices { children[index].stopIfWanted(now: now) }
        }
    }

    private func takeArrivals() -> [ChildRun] {
        arrivals.withLock { arrivals in
            defer { arrivals = [] }
            return arrivals
        }
    }

    private func begin(_ run: ChildRun) -> Child? {
        guard !run.isStopWanted else {
            run.finish(.failure(CancellationError()))
            return nil
        }
        do {
            return try Child(run)
        } catch {
            run.finish(.failure(error))
            return nil
        }
    }

    /// Milliseconds for `poll`, rounded up; -1 to wait for events alone.
    private func timeout(until deadline: Moment?) -> Int32 {
        guard let deadline else { return -1 }
        let rest = (deadline - MonotonicClock.now()).nanoseconds
        return Int32(clamping: max(0, (rest + 999_999) / 1_000_000))
    }
}
