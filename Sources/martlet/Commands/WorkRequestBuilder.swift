// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import FoundationEssentials
import MartletModel

/// Turns settings into what a worker is to do; finds what contradicts itself.
struct WorkRequestBuilder {
    /// What options say.
    var settings: Settings

    /// The least niceness of what runs on a machine that its owner comes first on.
    private static let politeNiceness = 10

    /// The request.
    ///
    /// - Throws: `CommandLineError`.
    func request() throws -> WorkRequest {
        var connection = settings.connection
        let work = settings.work
        if work.serverAddress != nil || work.serverPort != nil {
            guard connection.coordinator == nil else {
                throw CommandLineError(
                    .contradiction, "`--coordinator` and `--server-ip` or `--server-port` exclude each other.",
                    advice: "Both say where the coordinator is: leave one of them out.")
            }
            let authority = Authority(work.serverAddress ?? "127.0.0.1", port: work.serverPort ?? 8090)
            connection.coordinator = "http://\(authority)"
        }
        for root in work.roots {
            var isDirectory = false
            guard FileManager.default.fileExists(atPath: root.path, isDirectory: &isDirectory), isDirectory else {
                throw CommandLineError(
                    .badValue, "The media root \(root.path) is no directory.",
                    advice: "Mount what should be there; films of roots that are not named here are sent.")
            }
        }
        if let name = Dictionary(grouping: work.roots, by: \.name).first(where: { $0.value.count > 1 })?.key {
            throw CommandLineError(
                .contradiction, "Two media roots are called `\(name)`.", advice: "Give each a name of its own.")
        }
        return WorkRequest(
            settings: work, connection: try Connection(connection), hardware: settings.parameters.hardware,
            niceness: work.yieldAbove == nil ? settings.niceness : max(settings.niceness, Self.politeNiceness))
    }
}
