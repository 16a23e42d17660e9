// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// Runs programs as child processes.
package protocol ProcessLauncher: Sendable {
    /// Runs a program to its end and reaps it.
    ///
    /// The child leads a process group of its own, reads `ProcessCommand.input`
    /// or nothing, and dies with this process. When it ends, whatever it left behind in its group is killed.
    /// When the calling task is cancelled, the whole group gets SIGTERM, and
    /// SIGKILL after `ProcessCommand.grace`.
    ///
    /// - Parameters:
    ///   - output: called with each piece of standard output, in order.
    ///   - errors: called with each piece of standard error, in order.
    ///
    /// Both are called from one thread that serves every child, so they must
    /// return quickly; neither is called after this returns.
    ///
    /// - Throws: a `CodedError` when the program cannot be started;
    ///   `CancellationError` when cancelled, after the child is gone.
    func run(
        _ command: ProcessCommand, output: @escaping @Sendable ([UInt8]) -> Void,
        errors: @escaping @Sendable ([UInt8]) -> Void
    ) async throws -> ProcessResult
}

/// A program, and how it is to be run.
package struct ProcessCommand: Sendable, Equatable {
    /// The program's path; not looked up in `PATH`.
    package var executable: String
    /// The arguments, without the program's name.
    package var arguments: [String]
    /// The whole environment; `nil` for this process's own.
    package var environment: [String: String]?
    /// Where it runs; `nil` for this process's own directory.
    package var workingDirectory: String?
    /// What it reads from its standard input; `nil` for nothing. It stands in memory until the child ends.
    package var input: [UInt8]?
    /// Added to the niceness, 0 to 19.
    package var niceness: Int
    /// What it may use at most.
    package var limits: ProcessLimits
    /// How long it may take to end after SIGTERM, before SIGKILL.
    package var grace: Duration

    /// Makes a command.
    package init(
        executable: String, arguments: [String], environment: [String: String]? = nil,
        workingDirectory: String? = nil, input: [UInt8]? = nil, niceness: Int = 0,
        limits: ProcessLimits = ProcessLimits(),
        grace: Duration = .seconds(2)
    ) {
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.input = input
        self.niceness = niceness
        self.limits = limits
        self.grace = grace
    }
}

/// What a child process may use at most; `nil` sets no limit.
package struct ProcessLimits: Sendable, Equatable {
    /// Address space; allocations beyond it fail.
    package var addressSpace: ByteCount?
    /// CPU time in whole seconds; SIGXCPU at the end of it, and SIGKILL a second later.
    package var cpuSeconds: Int64?
    /// The size of any file it writes; SIGXFSZ beyond it.
    package var fileSize: ByteCount?

    /// Makes limits.
    package init(addressSpace: ByteCount? = nil, cpuSeconds: Int64? = nil, fileSize: ByteCount? = nil) {
        self.addressSpace = addressSpace
        self.cpuSeconds = cpuSeconds
        self.fileSize = fileSize
    }
}

/// How a child process ended, and what it used.
package struct ProcessResult: Sendable, Equatable {
    /// How a process can end.
    package enum Ending: Sendable, Equatable {
        /// By itself, with this exit code.
        case exited(Int32)
        /// By this signal.
        case signalled(Int32)
    }

    /// How it ended.
    package var ending: Ending
    /// CPU time, user and system, of it and of the children that it waited for.
    package var cpuTime: Duration
    /// From start to end.
    package var wallTime: Duration
    /// The largest resident size.
    package var peakMemory: ByteCount

    /// Makes a result.
    package init(ending: Ending, cpuTime: Duration, wallTime: Duration, peakMemory: ByteCount) {
        self.ending = ending
        self.cpuTime = cpuTime
        self.wallTime = wallTime
        self.peakMemory = peakMemory
    }
}
