// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel

/// The program: arguments in, exit status out.
struct Program: Sendable {
    /// The version of this release.
    static let version = "0.1.0"

    /// Where it prints.
    var console: Console
    /// The environment.
    var environment: [String: String]
    /// Makes the engine.
    var makeEngine: @Sendable (Settings) throws -> any Engine
    /// Makes what runs parts of a cluster.
    var makeCluster: @Sendable (Settings) throws -> any ClusterEngine
    /// What it runs on.
    var machine: any Machine = LocalMachine()
    /// How it reaches other machines.
    var network: Network
    /// Lets the user stop what runs.
    var interruption = Interruption()

    /// Runs a command line without the program's name.
    func run(_ arguments: [String]) async -> ExitStatus {
        let start = ContinuousClock.now
        let parser = OptionParser(environment: environment, readConfiguration: ConfigurationFile.read)
        var printsJSON = wantsJSON(arguments)
        var ending: Ending
        do {
            switch try parser.parse(arguments) {
            case .version:
                console.print("martlet \(Self.version)\n")
                ending = .success
            case .help(let command):
                console.print(command.map(HelpText.of) ?? HelpText.general(version: Self.version))
                ending = .success
            case .run(let command, let settings, let plain):
                printsJSON = settings.isJSON
                let context = Context(
                    console: console, settings: settings, arguments: plain, environment: environment,
                    makeEngine: makeEngine, makeCluster: makeCluster,
                    machine: machine, network: network, interruption: interruption,
                    elapsed: { ContinuousClock.now - start })
                ending = try await run(command, context)
            }
        } catch {
            ending = Ending(failure: interruption.isRequested ? Failure(CancellationError()) : Failure(error))
        }
        if let failure = ending.failure, ending.finalLine == nil {
            ending.finalLine = FinalLine(seconds: (ContinuousClock.now - start).inSeconds, error: failure.line)
        }
        defer { console.finish() }
        return conclude(ending, printsJSON: printsJSON)
    }

    private func run(_ command: Command, _ context: Context) async throws -> Ending {
        let paths = zip(command.arguments, context.arguments).filter(\.0.isPath).map(\.1)
        if command.isServer { console.detach() }
        for path in paths + [context.settings.against].compactMap({ $0 }) { try PathCheck.refusePipe(path) }
        return switch command {
        case .transcode: await TranscodeCommand(context: context).run()
        case .plan: try await PlanCommand(context: context).run()
        case .probe: try await ProbeCommand(context: context).run()
        case .verify: await VerifyCommand(context: context).run()
        case .serve: try await ServeCommand(context: context).run()
        case .work: try await WorkCommand(context: context).run()
        case .stream: try await StreamCommand(context: context).run()
        case .submit: await SubmitCommand(context: context).run()
        case .jobs: try await JobsCommand(context: context).run()
        case .job: try await JobCommand(context: context).run()
        case .cancel, .retry: try await SteerCommand(context: context, isRetry: command == .retry).run()
        case .watch: await WatchCommand(context: context).run()
        case .workers: try await WorkersCommand(context: context).run()
        case .drain: try await DrainCommand(context: context).run()
        case .doctor: try await DoctorCommand(context: context).run()
        case .bench: try await BenchCommand(context: context).run()
        case .simulate: try await SimulateCommand(context: context).run()
        case .completions: completions(context)
        }
    }

    /// Whether objects are wanted, as far as that can be told of a command line that has not been read yet.
    private func wantsJSON(_ arguments: [String]) -> Bool {
        var settings = Settings()
        _ = environment[Options.json.environmentName].map { Options.json.apply($0, &settings) }
        return settings.isJSON || arguments.contains("--" + Options.json.name)
    }

    private func completions(_ context: Context) -> Ending {
        if let shell = context.argument(0).flatMap(Shell.init) { console.print(Completions.script(for: shell)) }
        return .success
    }

    private func conclude(_ ending: Ending, printsJSON: Bool) -> ExitStatus {
        if let failure = ending.failure {
            console.complain(failure.text)
            if printsJSON { console.print(failure.json.line + "\n") }
        }
        if printsJSON, let line = ending.finalLine { console.print(line.json.line + "\n") }
        // What a server printed last may still wait, and only then fail.
        console.finish()
        if ending.failure == nil, let reason = console.printFailure {
            let failure = Failure(CommandLineError(.printFailed, "Standard output took no more: \(reason)."))
            console.complain(failure.text)
            return failure.status
        }
        return ending.failure?.status ?? .success
    }
}
