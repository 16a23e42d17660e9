// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import FoundationEssentials
import MartletModel
import MartletTestKit
import Testing

@testable import martlet

@Suite struct ConnectionTests {
    private let workshop = ParserWorkshop()

    private func connection(_ options: String) throws -> Connection {
        try Connection(try workshop.settings("jobs " + options).connection)
    }

    @Test func thisMachineIsAskedWhenNothingIsSaid() throws {
        let connection = try connection("")
        #expect(connection.address == "http://127.0.0.1:8090" && connection.token == nil)
        #expect(connection.identity == nil && connection.authority == nil)
    }

    @Test func slashesAtTheEndOfTheAddressDoNotCount() throws {
        #expect(try connection("--coordinator https://pi.local/martlet//").address == "https://pi.local/martlet")
    }

    @Test(arguments: ["pi.local", "pi.local:8090", "ftp://pi", "http://", "http:///a", "http://:80", "http://a b"])
    func whatIsNoAddressIsRefused(text: String) {
        #expect(ValueForm<String>.url.read(text) == nil)
    }

    @Test func theTokenIsTheFirstOfItsFile() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/token"
        try Data("# for the attic\n\n  s3cret,2030-01-01T00:00:00Z\nother\n".utf8).write(to: URL(filePath: path))
        #expect(try connection("--token-file \(path)").token == "s3cret")
        try Data("\n# nothing\n".utf8).write(to: URL(filePath: path))
        #expect(throws: CommandLineError.self) { try connection("--token-file \(path)") }
        #expect(throws: CommandLineError.self) { try connection("--token-file \(path).not") }
        withExtendedLifetime(directory) {}
    }

    @Test func aTokenThatCannotBeSentIsRefusedWithoutShowingIt() throws {
        let settings = try workshop.settings(["jobs", "--token", "se\r\ncret"])
        let error = #expect(throws: CommandLineError.self) { try Connection(settings.connection) }
        #expect(error?.description.contains("cret\u{60}") == false && error?.code == .badValue)
    }

    @Test func tokenAndFileExcludeEachOtherUnlessOneIsWeaker() throws {
        #expect(throws: CommandLineError.self) { try connection("--token a --token-file b") }
        let weaker = ParserWorkshop(environment: ["MARTLET_TOKEN_FILE": "/nowhere"])
        #expect(try Connection(try weaker.settings("jobs --token a").connection).token == "a")
    }

    @Test func certificateAndKeyBelongTogether() throws {
        let here = #filePath
        #expect(
            try connection("--client-certificate \(here) --client-key \(here)").identity
                == Connection.Identity(certificate: here, key: here))
        #expect(throws: CommandLineError.self) { try connection("--client-certificate \(here)") }
        #expect(throws: CommandLineError.self) { try connection("--client-key \(here)") }
        #expect(throws: CommandLineError.self) { try connection("--ca /nowhere/ca.pem") }
    }

    @Test func theEnvironmentAndTheFileNameTheCoordinator() throws {
        let environment = ParserWorkshop(environment: ["MARTLET_COORDINATOR": "http://a:1"])
        #expect(try Connection(try environment.settings("jobs").connection).address == "http://a:1")
        let file = ParserWorkshop(configuration: [.init(key: "coordinator", values: ["http://b:2"])])
        #expect(try Connection(try file.settings("jobs --config c").connection).address == "http://b:2")
    }
}
