// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Glibc
import MartletHTTP
import MartletHost
import MartletMediaChild
import MartletModel

OwnMemory.settle()

var environment: [String: String] = [:]
var entry = environ
while let text = entry.pointee {
    let parts = String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    if parts.count == 2 { environment[String(parts[0])] = String(parts[1]) }
    entry += 1
}

if Array(CommandLine.arguments.dropFirst()) == [MediaChild.argument] {
    exit(await MediaChildCommand.run().rawValue)
}

let program = Program(
    console: Console(environment: environment), environment: environment,
    makeEngine: { [environment] _ in try LocalEngine(environment: environment) },
    makeCluster: { [environment] _ in LocalCluster(environment: environment) },
    network: Network(makeCaller: CurlCaller.init(to:), time: SystemTime()))
let signals = InterruptSignals { _ in program.interruption.request() }
Console.outliveReaders()
let status = await program.run(Array(CommandLine.arguments.dropFirst()))
withExtendedLifetime(signals) { exit(status.rawValue) }
