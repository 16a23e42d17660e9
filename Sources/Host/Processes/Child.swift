// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CSpawn
internal import Glibc
internal import MartletModel
internal import MartletPorts

/// A started process. Made, used and ended on the thread that serves children.
struct Child {
    /// What it runs.
    let run: ChildRun
    /// The process, which is also the name of its group.
    let pid: pid_t
    /// Becomes readable when the process ends.
    let pidfd: Int32
    /// When it was started.
    let started: Moment
    /// Standard output.
    var output: OutputPipe
    /// Standard error.
    var errors: OutputPipe
    /// When the group is killed after it was asked to end; `nil` while it was not asked.
    private(set) var killTime: Moment?
    private var isKilled = false

    /// Starts the program.
    init(_ run: ChildRun) throws(HostError) {
        var readers: [OutputPipe] = []
        var writers: [Int32] = []
        defer { for writer in writers { Glibc.close(writer) } }
        do throws(HostError) {
            for _ in 0..<2 {
                let (reader, writer) = try OutputPipe.make()
                readers.append(reader)
                writers.append(writer)
            }
            started = MonotonicClock.now()
            let input = try Child.input(run.command)
            defer { if input >= 0 { Glibc.close(input) } }
            (pid, pidfd) = try Child.spawn(run.command, input: input, output: writers[0], errors: writers[1])
        } catch {
            for index in readers.indices { readers[index].close() }
            throw error
        }
        self.run = run
        output = readers[0]
        errors = readers[1]
    }

    /// When the loop must look at this child again without any event; `nil` for never.
    var deadline: Moment? { isKilled ? nil : killTime }

    /// Asks the group to end, and kills it when its time is over.
    mutating func stopIfWanted(now: Moment) {
        guard run.isStopWanted else { return }
        if killTime == nil {
            killTime = now + run.command.grace
            kill(-pid, SIGTERM)
            // A stopped process cannot act on SIGTERM.
            kill(-pid, SIGCONT)
        }
        if let killTime, now >= killTime, !isKilled {
            isKilled = true
            kill(-pid, SIGKILL)
        }
    }

    /// Takes in everything that the ended process wrote, reaps it, and tells the result.
    mutating func finish(buffer: UnsafeMutableRawBufferPointer) {
        // The unreaped leader keeps the group's number from being given to anyone else.
        kill(-pid, SIGKILL)
        drain(&output, buffer, run.output)
        drain(&errors, buffer, run.errors)
        output.close()
        errors.close()
        var exit = martlet_exit()
        let failure = martlet_reap(pidfd, &exit)
        Glibc.close(pidfd)
        if failure != 0 {
            run.finish(.failure(HostError(errno: failure, .start, path: run.command.executable)))
        } else if run.isStopWanted {
            run.finish(.failure(CancellationError()))
        } else {
            run.finish(
                .success(
                    ProcessResult(
                        ending: exit.signalled != 0 ? .signalled(exit.status) : .exited(exit.status),
                        cpuTime: .microseconds(exit.cpu_microseconds),
                        wallTime: MonotonicClock.now() - started,
                        peakMemory: ByteCount(exit.peak_kibibytes * 1024))))
        }
    }

    /// Reads what is in the pipe now. Bounded, since a process that escaped the
    /// group may still be writing: a pipe holds at most 1 MiB.
    private func drain(
        _ pipe: inout OutputPipe, _ buffer: UnsafeMutableRawBufferPointer, _ consume: ([UInt8]) -> Void
    ) {
        var rest = 1 << 20
        while rest > 0 {
            let count = pipe.read(into: buffer, consume)
            if count == 0 { return }
            rest -= count
        }
    }

    /// A file in memory with what the child reads; -1 when that is nothing.
    private static func input(_ command: ProcessCommand) throws(HostError) -> Int32 {
        guard let bytes = command.input else { return -1 }
        var file: Int32 = -1
        let failure = bytes.withUnsafeBytes { martlet_memory_file($0.baseAddress, $0.count, &file) }
        guard failure == 0 else { throw HostError(errno: failure, .start, path: command.executable) }
        return file
    }

    private static func spawn(
        _ command: ProcessCommand, input: Int32, output: Int32, errors: Int32
    ) throws(HostError) -> (pid_t, Int32) {
        let arguments = CStrings([command.executable] + command.arguments)
        let environment = command.environment.map { CStrings($0.map { "\($0.key)=\($0.value)" }) }
        var pid: pid_t = -1
        var pidfd: Int32 = -1
        let failure = command.executable.withCString { path in
            withOptionalCString(command.workingDirectory) { directory in
                var request = martlet_spawn_request(
                    path: path, arguments: arguments.pointer, environment: environment?.pointer ?? environ,
                    directory: directory, input: input, output: output, errors: errors,
                    niceness: Int32(clamping: command.niceness),
                    address_space: command.limits.addressSpace?.bytes ?? -1,
                    cpu_seconds: command.limits.cpuSeconds ?? -1, file_size: command.limits.fileSize?.bytes ?? -1)
                return martlet_spawn(&request, &pid, &pidfd)
            }
        }
        guard failure == 0 else { throw HostError(errno: failure, .start, path: command.executable) }
        return (pid, pidfd)
    }

    private static func withOptionalCString<Result>(
        _ text: String?, _ body: (UnsafePointer<CChar>?) -> Result
    ) -> Result {
        guard let text else { return body(nil) }
        return text.withCString { body($0) }
    }
}
