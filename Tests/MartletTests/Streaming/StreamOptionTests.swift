// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import FoundationEssentials
import MartletCoordinator
import MartletModel
import MartletTestKit
import Testing

@testable import martlet

@Suite struct StreamOptionTests {
    private func request(
        _ options: String, environment: [String: String] = ["HOME": "/home/me"]
    ) throws -> StreamRequest {
        let settings = try ParserWorkshop(environment: environment).settings("stream / " + options)
        return try StreamRequestBuilder(settings: settings, path: "/", environment: environment).request()
    }

    @Test func nothingSaidIsLoopbackAndTheUsualPlace() throws {
        let request = try request("")
        #expect(request.settings == StreamSettings() && request.tokens == nil && request.path == "/")
        #expect(request.settings.host == "127.0.0.1" && request.settings.port == 8080)
        #expect(request.cacheDirectory == "/home/me/.cache/martlet/hls")
        #expect(request.settings.cacheLimit == 20_000_000_000)
    }

    @Test func everyOptionReachesItsSetting() throws {
        let request = try self.request(
            "--host 0.0.0.0 --port 0 --worker-id attic --slots 3 --rate-limit 7 --codec hevc --hw-accel none "
                + "--container ts --segment-duration 6 --cache-directory /var/cache/hls --cache-limit 100G --token t0ken"
        )
        var expected = StreamSettings()
        (expected.host, expected.port, expected.name, expected.slots) = ("0.0.0.0", 0, "attic", 3)
        (expected.requestsPerSecond, expected.codec, expected.container) = (7, .hevc, .ts)
        (expected.segmentMilliseconds, expected.cacheDirectory) = (6_000, "/var/cache/hls")
        expected.cacheLimit = 100_000_000_000
        #expect(request.settings == expected && request.hardware == .none)
        #expect(request.cacheDirectory == "/var/cache/hls")
        #expect(request.tokens?.accepts("t0ken", atMilliseconds: 0) == true)
    }

    @Test func theNodeIsNamedByItsContainer() throws {
        #expect(try request("", environment: ["HOME": "/h", "HOSTNAME": "pod-7"]).settings.name == "pod-7")
        let both = try request("--worker-id mine", environment: ["HOME": "/h", "HOSTNAME": "pod-7"])
        #expect(both.settings.name == "mine")
        #expect(try request("", environment: ["HOME": "/h", "HOSTNAME": "no name"]).settings.name == nil)
    }

    @Test func theCacheHasAPlaceByTheRulesOfTheDesktop() throws {
        #expect(try request("", environment: ["XDG_CACHE_HOME": "/x"]).cacheDirectory == "/x/martlet/hls")
        #expect(throws: CommandLineError.self) { try request("", environment: [:]) }
    }

    @Test(arguments: [
        "--codec vp9", "--container mkv", "--segment-duration 0.1", "--segment-duration 31", "--cache-limit 1K",
        "--port 70000", "--slots -1", "--worker-id a/b", "--rate-limit -1", "--host http://a",
    ])
    func valuesThatAreNoneAreRefused(options: String) {
        #expect(ParserWorkshop().error("stream / " + options)?.code == .badValue, "\(options)")
    }

    @Test func whatIsNotThereIsSaidAtOnce() throws {
        let settings = try ParserWorkshop().settings("stream /nowhere/at/all")
        #expect {
            try StreamRequestBuilder(settings: settings, path: "/nowhere/at/all", environment: ["HOME": "/h"]).request()
        } throws: { ($0 as? CommandLineError)?.exitStatus == .badInput }
    }

    @Test func itSaysWhereItListensAndStopsInOrder() async throws {
        for (line, said) in [
            ("stream /", "Streams are served on http://127.0.0.1:4712.\n"),
            (
                "stream / --json",
                #"{"event": "warning", "job_id": null, "message": "It is a test."}"# + "\n"
                    + #"{"event": "listening", "url": "http://127.0.0.1:4712"}"# + "\n"
            ),
        ] {
            var shop = ClusterWorkshop()
            shop.environment["HOME"] = "/home/me"
            let running = Task { [shop] in try await shop.run(line) }
            while shop.cluster.stream == nil { await Task.yield() }
            shop.interruption.request()
            let printed = try await running.value
            #expect(printed.status == .success && printed.output.hasPrefix(said), "\(printed)")
            #expect(printed.output.contains("Stopped; what was made is kept.") == !line.contains("json"))
        }
    }
}
