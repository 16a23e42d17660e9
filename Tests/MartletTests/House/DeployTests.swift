// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import FoundationEssentials
import MartletTestKit
import Testing

@testable import martlet

/// What is delivered beside the program fits it.
@Suite struct DeployTests {
    private static let units = ["coordinator", "worker"].map { "deploy/systemd/martlet-\($0).service" }
    private static let verifier = "/usr/bin/systemd-analyze"

    /// The command line of a unit, without the program.
    private func command(of unit: String) throws -> [String] {
        let lines = Manual.text(unit).split(separator: "\n")
        let line = try #require(lines.first { $0.hasPrefix("ExecStart=/usr/local/bin/martlet ") })
        return line.replacing("%S", with: "/state").replacing("%d", with: "/credentials").split(separator: " ")
            .dropFirst()
            .map(String.init)
    }

    @Test(arguments: units) func aUnitsCommandLineIsUnderstood(unit: String) throws {
        guard case .run(let command, let settings, _) = try ParserWorkshop().request(try command(of: unit)) else {
            Issue.record("\(unit) runs nothing")
            return
        }
        #expect(unit.contains(command == .serve ? "coordinator" : "worker"))
        #expect(settings.connection.tokenFile == "/credentials/token")
    }

    @Test(
        .enabled(if: FileManager.default.isExecutableFile(atPath: verifier), "systemd-analyze is not installed"),
        arguments: units)
    func systemdUnderstandsTheUnit(unit: String) async throws {
        let directory = try TemporaryDirectory()
        let name = unit.split(separator: "/").last.map(String.init) ?? ""
        let path = directory.path + "/" + name
        let text = Manual.text(unit).replacing("/usr/local/bin/martlet", with: MartletProgram.path)
        try Data(text.utf8).write(to: URL(filePath: path))
        let outcome = try await ChildProcess.run(Self.verifier, ["verify", path])
        #expect(outcome.isSuccess && (outcome.output + outcome.errors).isEmpty, "\(outcome.output)\(outcome.errors)")
        withExtendedLifetime(directory) {}
    }

    @Test func theConfigurationsOfThePageAboutClustersAreUnderstood() throws {
        let blocks = Manual.text("docs/6-cluster.md").matches(of: /```json\n([^`]*)```/)
        #expect(blocks.count == 2)
        for (block, command) in zip(blocks, ["serve", "work"]) {
            let entries = try ConfigurationFile.entries(of: Data(block.1.utf8), named: "sample")
            let settings = try ParserWorkshop(configuration: entries).settings("\(command) --config sample")
            #expect(settings.given.count == entries.count)
        }
    }
}
