// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import FoundationEssentials
import MartletModel
import MartletTestKit
import Testing

@testable import martlet

@Suite struct WorkTests {
    private func request(_ options: String, environment: [String: String] = [:]) throws -> WorkRequest {
        let settings = try ParserWorkshop(environment: environment).settings("work " + options)
        return try WorkRequestBuilder(settings: settings).request()
    }

    @Test func nothingSaidIsTheCoordinatorOfThisMachine() throws {
        let request = try request("")
        #expect(request.settings == WorkSettings() && request.connection.address == "http://127.0.0.1:8090")
        #expect(request.hardware == .auto && request.niceness == 0)
    }

    @Test func everyOptionReachesItsSetting() throws {
        let request = try request(
            "--coordinator https://pi:1 --worker-id attic-pc.1 --benchmark-duration 0 --reconnect-delay 1.5 "
                + "--persistent false --hw-accel none --slots 3 --media-root movies=/ --http-port 0 "
                + "--temp-directory /scratch --nice 10 --yield-above-cpu 50 "
                + "--stall-timeout 60 --token t")
        var expected = WorkSettings()
        (expected.name, expected.benchmarkSeconds, expected.reconnectDelay) = ("attic-pc.1", 0, 1.5)
        (expected.isPersistent, expected.slots, expected.httpPort) = (false, 3, 0)
        (expected.temporaryDirectory, expected.yieldAbove, expected.stallSeconds) = ("/scratch", 50, 60)
        expected.roots = [NamedDirectory(name: "movies", path: "/")]
        #expect(request.settings == expected)
        #expect(request.connection.address == "https://pi:1" && request.connection.token == "t")
        #expect(request.hardware == HardwareChoice.none && request.niceness == 10)
    }

    @Test(arguments: [
        ("--server-ip 192.168.1.10", "http://192.168.1.10:8090"), ("--server-port 5001", "http://127.0.0.1:5001"),
        ("--server-ip localhost --server-port 5001", "http://localhost:5001"),
        ("--server-ip fd00::1 --server-port 80", "http://[fd00::1]:80"),
    ])
    func theCoordinatorMayBeNamedByAddressAndPort(options: String, address: String) throws {
        #expect(try request(options).connection.address == address)
    }

    @Test func whereTheOwnerComesFirstWhatRunsGivesWay() throws {
        #expect(try request("").niceness == 0)
        #expect(try request("--yield-above-cpu 50").niceness == 10)
        #expect(try request("--yield-above-cpu 50 --nice 15").niceness == 15)
    }

    @Test func bothNamesOfTheCoordinatorExcludeEachOther() throws {
        #expect(throws: CommandLineError.self) { try request("--coordinator http://a --server-ip b") }
        let weaker = ["MARTLET_COORDINATOR": "http://a"]
        #expect(try request("--server-ip b", environment: weaker).connection.address == "http://b:8090")
    }

    @Test(arguments: [
        "--media-root a=/nowhere/at/all", "--media-root a=/ --media-root a=/tmp", "--client-key /nowhere",
    ])
    func whatCannotWorkIsAUsageError(options: String) {
        let error = #expect(throws: CommandLineError.self) { try request(options) }
        #expect(error?.exitStatus == .usage)
    }

    @Test(arguments: [
        "--worker-id a/b", "--worker-id .a", "--worker-id \u{e4}", "--yield-above-cpu 0", "--yield-above-cpu 101",
        "--slots -1",
        "--persistent perhaps", "--server-ip http://a", "--server-port 0", "--hw-accel cuda",
    ])
    func valuesThatAreNoneAreRefused(options: String) {
        #expect(ParserWorkshop().error("work " + options)?.code == .badValue, "\(options)")
    }

    @Test func itTellsOfItsConnectionAndStopsInOrder() async throws {
        let shop = ClusterWorkshop()
        let running = Task { try await shop.run("work") }
        while shop.cluster.work == nil { await Task.yield() }
        shop.interruption.request()
        let printed = try await waiting(for: "its end") { try await running.value }
        #expect(printed.status == .success)
        #expect(printed.output.hasPrefix("The worker attic is connected to http://127.0.0.1:8090.\n"))
        #expect(
            printed.errors
                == "martlet: warning: The connection to http://127.0.0.1:8090 is gone: The coordinator is gone.\n")
    }

    @Test func whatDoesNotPersistEndsWithItsCoordinator() async throws {
        let printed = try await ClusterWorkshop().run("work --persistent false --json")
        #expect(printed.status == .success && printed.errors.isEmpty)
        #expect(
            printed.lines.first
                == #"{"event": "connected", "worker_id": "attic", "coordinator": "http://127.0.0.1:8090"}"#)
        #expect(printed.lines.count == 2)
    }
}
