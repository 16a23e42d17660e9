// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletHost
import MartletPorts
import MartletRedisStore
import MartletSQLiteStore

/// A claimant as a process of its own: `ClaimTrial STORE NAME SEED LONGEST TURNS KEY...`.
///
/// The store is a URL of Redis, or the path of an SQLite file. Each line of the output is a number and a record in JSON;
/// the same number stands before and after a call.
@main
struct ClaimTrial {
    static func main() async throws {
        let words = CommandLine.arguments
        guard words.count > 6, let seed = UInt64(words[3]), let longest = Int(words[4]), let turns = Int(words[5])
        else {
            fatalError("wrong arguments")
        }
        let store: any ClaimStore
        if words[1].contains("://") {
            var options = RedisClaimStore.Options()
            options.patience = .milliseconds(500)
            store = RedisClaimStore(at: try RedisAddress(words[1]), options: options)
        } else {
            store = try await SQLiteClaimStore.open(path: words[1], time: SystemTime())
        }
        var claimant = Claimant(
            name: words[2], store: store, keys: Array(words[6...]), longest: longest, seed: seed
        ) { number, record in
            guard let json = try? JSONEncoder().encode(record) else { fatalError("no record") }
            FileHandle.standardOutput.write(Data("\(number) ".utf8) + json + Data("\n".utf8))
        }
        await claimant.run(turns: turns)
    }
}
