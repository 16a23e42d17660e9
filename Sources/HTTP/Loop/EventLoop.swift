// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CMicroHTTPD
internal import Glibc
internal import MartletModel
internal import Synchronization

/// What a loop calls when a descriptor is ready.
protocol EventHandler: AnyObject {
    /// Something happened, as `epoll` names it. Called on the loop's thread.
    func ready(_ events: UInt32)
}

/// What takes its turn each time the loop has done all there was to do.
protocol LoopGuest: AnyObject {
    /// Milliseconds until it wants a turn whatever happens; `nil` for never.
    func patience() -> Int?
    /// Its turn; `isQuiet` when nothing had happened at all.
    func turn(isQuiet: Bool)
}

/// One thread that sleeps in `epoll` until descriptors, deadlines or other threads have work for it.
///
/// Everything but `perform` and `stop` belongs to that thread alone, which is
/// why the class may say that it can be sent.
final class EventLoop: @unchecked Sendable {
    /// Names one watched descriptor. Never used again, unlike descriptors.
    typealias WatchID = UInt64

    private struct Inbox {
        var jobs: [@Sendable () -> Void] = []
        var isOver = false
    }

    private struct Watch {
        var descriptor: Int32
        let handler: any EventHandler
    }

    private let inbox = Mutex(Inbox())
    private let epoll: Int32
    private let wakeup: Int32

    private var watches: [WatchID: Watch] = [:]
    private var nextWatch: WatchID = 1
    private var deadlines = DeadlineQueue()
    private var isStopping = false
    /// Who takes turns; set before the start or by a job.
    weak var guest: (any LoopGuest)?
    /// For reading into, by whoever is being called.
    let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)

    /// Makes a loop and starts its thread.
    init() {
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        wakeup = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        guard epoll >= 0, wakeup >= 0 else { fatalError("no descriptor for events: error \(errno)") }
        control(EPOLL_CTL_ADD, wakeup, EPOLLIN.rawValue, 0)
        var thread = pthread_t()
        let failure = pthread_create(
            &thread, nil,
            { loop in
                guard let loop else { return nil }
                // Signals go to other threads; a broken pipe is an error of the write here.
                var all = sigset_t()
                sigfillset(&all)
                pthread_sigmask(SIG_BLOCK, &all, nil)
                Unmanaged<EventLoop>.fromOpaque(loop).takeRetainedValue().serve()
                return nil
            }, Unmanaged.passRetained(self).toOpaque())
        guard failure == 0 else { fatalError("no thread for sockets: error \(failure)") }
        pthread_detach(thread)
    }

    deinit {
        close(epoll)
        close(wakeup)
        scratch.deallocate()
    }

    /// The time on the clock of deadlines.
    var now: Moment {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Moment(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    // MARK: From any thread

    /// Has the loop do something soon; `false` when it has stopped and never will.
    @discardableResult
    func perform(_ job: @escaping @Sendable () -> Void) -> Bool {
        let wasEmpty: Bool? = inbox.withLock { inbox in
            guard !inbox.isOver else { return nil }
            inbox.jobs.append(job)
            return inbox.jobs.count == 1
        }
        if wasEmpty == true { eventfd_write(wakeup, 1) }
        return wasEmpty != nil
    }

    // MARK: On the loop's thread

    /// Ends the thread after this turn. Jobs that wait are done first.
    func stop() { isStopping = true }

    /// Watches a descriptor for `events` until `unwatch`.
    func watch(_ descriptor: Int32, _ events: UInt32, _ handler: any EventHandler) -> WatchID {
        let id = nextWatch
        nextWatch += 1
        watches[id] = Watch(descriptor: descriptor, handler: handler)
        control(EPOLL_CTL_ADD, descriptor, events, id)
        return id
    }

    /// Changes what is watched for.
    func rewatch(_ id: WatchID, _ events: UInt32) {
        guard let watch = watches[id] else { return }
        control(EPOLL_CTL_MOD, watch.descriptor, events, id)
    }

    /// Watches no longer. Must come before the descriptor is closed.
    func unwatch(_ id: WatchID) {
        guard let watch = watches.removeValue(forKey: id) else { return }
        control(EPOLL_CTL_DEL, watch.descriptor, 0, 0)
    }

    /// Does something at a time.
    func schedule(_ due: Moment, _ action: @escaping () -> Void) -> DeadlineQueue.ID { deadlines.add(due, action) }

    /// Takes a deadline back.
    func unschedule(_ id: DeadlineQueue.ID) { deadlines.cancel(id) }

    private func control(_ operation: Int32, _ descriptor: Int32, _ events: UInt32, _ id: WatchID) {
        var event = epoll_event()
        event.events = events
        event.data.u64 = id
        epoll_ctl(epoll, operation, descriptor, &event)
    }

    private func serve() {
        var events = [epoll_event](repeating: epoll_event(), count: 256)
        while !isStopping {
            let count = epoll_wait(epoll, &events, Int32(events.count), timeout())
            guard count >= 0 || errno == EINTR else { fatalError("epoll failed: error \(errno)") }
            var isQuiet = count == 0
            for index in 0..<max(0, Int(count)) {
                let id = events[index].data.u64
                if id == 0 {
                    var value: eventfd_t = 0
                    eventfd_read(wakeup, &value)
                } else {
                    // What was unwatched earlier in this round is not called any more.
                    watches[id]?.handler.ready(events[index].events)
                }
            }
            if runJobs() { isQuiet = false }
            let time = now
            while let action = deadlines.takeDue(now: time) {
                isQuiet = false
                action()
            }
            guest?.turn(isQuiet: isQuiet)
        }
        inbox.withLock { $0.isOver = true }
        runJobs()
        watches = [:]
    }

    @discardableResult
    private func runJobs() -> Bool {
        let jobs = inbox.withLock { inbox in
            defer { inbox.jobs.removeAll(keepingCapacity: true) }
            return inbox.jobs
        }
        for job in jobs { job() }
        return !jobs.isEmpty
    }

    /// Milliseconds for `epoll`, rounded up; -1 to wait for events alone.
    private func timeout() -> Int32 {
        var timeout = Int64.max
        if let due = deadlines.next() { timeout = max(0, ((due - now).nanoseconds + 999_999) / 1_000_000) }
        if let patience = guest?.patience() { timeout = min(timeout, Int64(patience)) }
        return timeout == .max ? -1 : Int32(clamping: timeout)
    }
}
