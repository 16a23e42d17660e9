// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import FoundationEssentials
import MartletCoordinator
import MartletModel
import MartletTestKit
import Testing

@testable import martlet

@Suite struct ServeTests {
    private func request(
        _ options: String, environment: [String: String] = ["HOME": "/home/me"]
    ) throws -> ServeRequest {
        let settings = try ParserWorkshop(environment: environment).settings("serve " + options)
        return try ServeRequestBuilder(settings: settings, environment: environment).request()
    }

    private func refusal(_ options: String) -> CommandLineError? {
        do {
            _ = try request(options)
            return nil
        } catch {
            return error as? CommandLineError
        }
    }

    @Test func nothingSaidIsLoopbackWithoutAToken() throws {
        let request = try request("")
        #expect(request.settings == ServeSettings() && request.tokens == nil && request.encoderOptions.isEmpty)
        #expect(request.settings.host == "127.0.0.1" && request.settings.port == 8090)
        #expect(request.directory == "/home/me/.local/share/martlet")
    }

    @Test func everyOptionReachesItsSetting() throws {
        let directory = try TemporaryDirectory()
        let root = directory.path
        let file = #filePath
        let request = try self.request(
            "--host 0.0.0.0 --port 0 --data-directory \(root)/data --media-root movies=\(root) --media-root b=/ "
                + "--required-clients 3 --benchmark-duration 2.5 --file-name-output output.mp4 --exactly false "
                + "--chunk-size 512Ki --max-retries 0 --retry-delay 0.5 --heartbeat-timeout 12 "
                + "--max-concurrent-jobs 4 --token t0ken --tls-certificate \(file) --tls-key \(file) "
                + "--tls-client-ca \(file) --with-worker --callback-secret s")
        var expected = ServeSettings()
        (expected.host, expected.port, expected.dataDirectory) = ("0.0.0.0", 0, root + "/data")
        expected.roots = [NamedDirectory(name: "movies", path: root), NamedDirectory(name: "b", path: "/")]
        (expected.requiredWorkers, expected.benchmarkSeconds, expected.outputName) = (3, 2.5, "output.mp4")
        (expected.isExact, expected.chunkSize, expected.retries, expected.retryDelay) = (false, 524_288, 0, 0.5)
        (expected.heartbeatTimeout, expected.concurrentJobs) = (12, 4)
        (expected.certificate, expected.key, expected.clientAuthority) = (file, file, file)
        (expected.works, expected.callbackSecret) = (true, "s")
        #expect(request.settings == expected)
        #expect(request.tokens?.accepts("t0ken", atMilliseconds: 0) == true && request.directory == root + "/data")
        withExtendedLifetime(directory) {}
    }

    @Test func encoderOptionsOfJobsThatNameNoneAreRead() throws {
        let settings = try ParserWorkshop().settings(["serve", "--ffmpeg-params", "-preset fast -bf 2"])
        let request = try ServeRequestBuilder(settings: settings, environment: ["HOME": "/h"]).request()
        #expect(request.encoderOptions == [EncoderOption("preset", "fast"), EncoderOption("bf", "2")])
    }

    @Test(arguments: ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
    func loopbackNeedsNoToken(host: String) throws { #expect(try request("--host \(host)").tokens == nil) }

    @Test(arguments: ["0.0.0.0", "::", "192.168.1.10", "127.evil.example.org", "pi.local", "127.0.0.1.example.org"])
    func otherAddressesWantAToken(host: String) throws {
        #expect(refusal("--host \(host)")?.message.contains("no token keeps strangers out") == true)
        #expect(try request("--host \(host) --token t").tokens != nil)
        #expect(try request("--host \(host)", environment: ["HOME": "/h", "MARTLET_TOKEN": "t"]).tokens != nil)
    }

    @Test func aTokenFileMayHoldSeveral() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/tokens"
        try Data("one\ntwo,2000-01-01T00:00:00Z\n".utf8).write(to: URL(filePath: path))
        let tokens = try request("--host 0.0.0.0 --token-file \(path)").tokens
        #expect(tokens?.accepts("one", atMilliseconds: 1_700_000_000_000) == true)
        #expect(tokens?.accepts("two", atMilliseconds: 1_700_000_000_000) == false)
        withExtendedLifetime(directory) {}
    }

    @Test(arguments: [
        "--tls-certificate \(#filePath)", "--tls-key \(#filePath)", "--tls-client-ca \(#filePath)",
        "--tls-certificate /nowhere --tls-key /nowhere", "--token-file /nowhere", "--token a --token-file b",
        "--media-root a=/ --media-root a=/tmp", "--media-root uploads=/", "--media-root a=/nowhere/at/all",
    ])
    func whatCannotWorkIsAUsageError(options: String) { #expect(refusal(options)?.exitStatus == .usage) }

    @Test(arguments: [
        "--media-root movies", "--media-root =/a", "--media-root a:b=/a", "--media-root a/b=/a", "--chunk-size 1",
        "--chunk-size 1X", "--chunk-size 1T", "--port 70000", "--exactly maybe", "--file-name-output a/b.mp4",
        "--host http://a", "--host a:80", "--heartbeat-timeout 0", "--chunk-size 99999999999999999999Gi",
    ])
    func valuesThatAreNoneAreRefused(options: String) {
        #expect(ParserWorkshop().error("serve " + options)?.code == .badValue, "\(options)")
    }

    @Test(arguments: [("4096", 4096), ("64Ki", 65536), ("1M", 1_000_000), ("1MiB", 1_048_576), ("64Mi", 67_108_864)])
    func amountsMayHaveUnits(text: String, expected: Int) throws {
        #expect(try request("--chunk-size \(text)").settings.chunkSize == expected)
    }

    @Test func theDataHasAPlaceByTheRulesOfTheDesktop() throws {
        #expect(try request("", environment: ["XDG_DATA_HOME": "/x"]).directory == "/x/martlet")
        #expect(throws: CommandLineError.self) { try request("", environment: [:]) }
    }

    @Test func itSaysWhereItListensAndStopsInOrder() async throws {
        for (line, said) in [
            ("serve", "The coordinator listens on http://127.0.0.1:4711.\n"),
            ("serve --json", #"{"event": "listening", "url": "http://127.0.0.1:4711"}"# + "\n"),
        ] {
            var shop = ClusterWorkshop()
            shop.environment["HOME"] = "/home/me"
            let running = Task { [shop] in try await shop.run(line) }
            while shop.cluster.serve == nil { await Task.yield() }
            shop.interruption.request()
            let printed = try await waiting(for: "its end") { try await running.value }
            #expect(printed.status == .success && printed.errors.isEmpty && printed.output.hasPrefix(said))
        }
    }

    @Test func whyItCannotBeginIsSaid() async throws {
        var shop = ClusterWorkshop()
        shop.environment["HOME"] = "/home/me"
        shop.cluster = ScriptedCluster(failure: CommandLineError(.unfit, "The port is taken."))
        let printed = try await shop.run("serve")
        #expect(printed.status == .jobFailed && printed.errors == "martlet: The port is taken.\n")
    }
}
