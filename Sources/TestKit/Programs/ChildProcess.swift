// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import Glibc

/// Runs a program to its end, as a shell would, and never longer than its deadline.
///
/// It shares no code with the runner that the product uses, so that a fault
/// there cannot hide itself. Each child leads a process group of its own.
package enum ChildProcess {
    /// How a program ended.
    package enum Ending: Sendable, Equatable {
        /// With this exit code.
        case exited(Int32)
        /// By this signal.
        case signalled(Int32)
        /// It was killed with its group because the deadline passed.
        case timedOut
    }

    /// What a program left behind.
    package struct Outcome: Sendable {
        /// How it ended.
        package var ending: Ending
        /// What it wrote to its standard output.
        package var outputBytes: [UInt8]
        /// What it wrote to its standard error, as text.
        package var errors: String
        /// Processor time of it and of every descendant that it waited for, in seconds.
        package var processorSeconds: Double
        /// From start to end, in seconds.
        package var wallSeconds: Double

        /// The standard output as text.
        package var output: String { String(decoding: outputBytes, as: UTF8.self) }
        /// Whether it ended with exit code 0.
        package var isSuccess: Bool { ending == .exited(0) }
        /// The exit code; `nil` when a signal or the deadline ended it.
        package var exitCode: Int32? { if case .exited(let code) = ending { code } else { nil } }
    }

    /// A running child, to send signals to.
    package struct Handle: Sendable {
        /// Its process id, which is its group's too.
        package let processID: Int32
        /// Sends a signal to the process alone.
        package func send(_ signal: Int32) { kill(processID, signal) }
        /// Sends a signal to its whole group.
        package func sendToGroup(_ signal: Int32) { kill(-processID, signal) }
    }

    /// What a run takes note of while it lasts.
    package struct Observer: Sendable {
        /// Called with each whole line of the standard output.
        package var onOutputLine: (@Sendable (String, Handle) -> Void)?
        /// Called once, as soon as the process exists.
        package var onStart: (@Sendable (Handle) -> Void)?
        /// Makes an observer.
        package init(
            onOutputLine: (@Sendable (String, Handle) -> Void)? = nil, onStart: (@Sendable (Handle) -> Void)? = nil
        ) {
            self.onOutputLine = onOutputLine
            self.onStart = onStart
        }
    }

    /// The program could not be started at all.
    package struct CannotStart: Error, CustomStringConvertible {
        /// What was tried and what the system said.
        package let description: String
    }

    /// Runs a program found by `PATH` (or by its path) and waits for its end.
    ///
    /// - Parameters:
    ///   - environment: variables set on top of the inherited ones; `nil` removes one.
    ///   - directory: the working directory; `nil` keeps the caller's.
    ///   - deadline: after it the whole group is killed.
    /// - Throws: ``CannotStart``.
    package static func run(
        _ program: String, _ arguments: [String], environment: [String: String?] = [:], directory: String? = nil,
        deadline: Duration = .seconds(600), observer: Observer = Observer()
    ) async throws -> Outcome {
        try await withCheckedThrowingContinuation { continuation in
            let thread = Thread {
                continuation.resume(
                    with: Result {
                        try runBlocking(
                            program, arguments, environment: environment, directory: directory, deadline: deadline,
                            observer: observer)
                    })
            }
            thread.stackSize = 1 << 20
            thread.start()
        }
    }

    /// The niceness of this process, as its main thread has it, and as programs get it that are run.
    package static var niceness: Int { Int(getpriority(.init(PRIO_PROCESS.rawValue), id_t(getpid()))) }

    /// As ``run``, on the calling thread, which takes on the niceness of the whole: pools give their threads another.
    static func runBlocking(
        _ program: String, _ arguments: [String], environment: [String: String?], directory: String?,
        deadline: Duration, observer: Observer
    ) throws -> Outcome {
        setpriority(.init(PRIO_PROCESS.rawValue), 0, Int32(niceness))
        var pipes = try ChildPipes()
        defer { pipes.closeAll() }
        let started = ContinuousClock.now
        let processID = try spawn(program, arguments, environment, directory, pipes)
        pipes.closeWritingEnds()
        let handle = Handle(processID: processID)
        observer.onStart?(handle)

        var output = [UInt8]()
        var errors = [UInt8]()
        var lineStart = 0
        var timedOut = false
        while pipes.isOpen {
            let left = deadline - (ContinuousClock.now - started)
            guard !timedOut, left > .zero else {
                timedOut = true
                handle.sendToGroup(SIGKILL)
                break
            }
            pipes.read(within: left, into: &output, &errors)
            if let onOutputLine = observer.onOutputLine {
                while let end = output[lineStart...].firstIndex(of: UInt8(ascii: "\n")) {
                    onOutputLine(String(decoding: output[lineStart..<end], as: UTF8.self), handle)
                    lineStart = end + 1
                }
            }
        }
        var status: Int32 = 0
        var usage = rusage()
        while wait4(processID, &status, 0, &usage) < 0 && errno == EINTR {}
        if timedOut { handle.sendToGroup(SIGKILL) }
        let elapsed = ContinuousClock.now - started
        return Outcome(
            ending: timedOut ? .timedOut : ending(of: status), outputBytes: output,
            errors: String(decoding: errors, as: UTF8.self),
            processorSeconds: seconds(usage.ru_utime) + seconds(usage.ru_stime),
            wallSeconds: Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18)
    }

    private static func ending(of status: Int32) -> Ending {
        let signal = status & 0x7f
        return signal == 0 ? .exited((status >> 8) & 0xff) : .signalled(signal)
    }

    private static func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }

    private static func spawn(
        _ program: String, _ arguments: [String], _ changes: [String: String?], _ directory: String?,
        _ pipes: ChildPipes
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, pipes.outputWriting, 1)
        posix_spawn_file_actions_adddup2(&actions, pipes.errorWriting, 2)
        // What this process has open is none of the child's business, and some of it is not marked so.
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? [] {
            if let descriptor = Int32(name), descriptor > 2 { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        }

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        posix_spawnattr_setpgroup(&attributes, 0)
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        var usual = sigset_t()
        sigemptyset(&usual)
        for signal in [SIGPIPE, SIGINT, SIGTERM, SIGCHLD] { sigaddset(&usual, signal) }
        posix_spawnattr_setsigdefault(&attributes, &usual)

        var environment = ProcessInfo.processInfo.environment
        for (name, value) in changes { environment[name] = value }
        let command = (directory.map { ["env", "-C", $0] } ?? []) + [program] + arguments
        var argv: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) }
        var envp: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") }
        defer { for pointer in argv + envp { free(pointer) } }
        argv.append(nil)
        envp.append(nil)

        var processID: pid_t = 0
        let failure = posix_spawnp(&processID, command[0], &actions, &attributes, argv, envp)
        guard failure == 0 else {
            throw CannotStart(description: "cannot start \(program): \(String(cString: strerror(failure)))")
        }
        return processID
    }
}
