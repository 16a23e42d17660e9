// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletTestKit
import Testing

/// The API does what its document says, as far as a stranger can try.
@Suite struct SchemathesisTests {
    /// Where `scripts/bootstrap --tests` puts the program.
    static let program = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../.build/test-tools/bin/schemathesis").standardized.path

    @Test(
        "No request that a stranger makes up brings the API out of its document",
        .enabled(
            if: FileManager.default.isExecutableFile(atPath: program),
            "schemathesis is not there: scripts/bootstrap --tests installs it from PyPI"))
    func document() async throws {
        let cluster = try await TestCluster(["--token", "right"], films: ["tiny.mkv": "tiny.mkv"])
        let checks = [
            "not_a_server_error", "status_code_conformance", "content_type_conformance",
            "response_schema_conformance", "response_headers_conformance", "ignored_auth",
        ]
        let outcome = try await ChildProcess.run(
            Self.program,
            [
                "run", cluster.url + "/openapi.json", "--header", "Authorization: Bearer right",
                "--phases", "coverage,fuzzing", "--max-examples", "5", "--seed", "7", "--request-timeout", "60",
                "--checks", checks.joined(separator: ","), "--exclude-path-regex", "events|/ws|connect",
                "--generation-database", "none",
            ], directory: cluster.directory.path)
        #expect(outcome.exitCode == 0, "\(outcome.output.suffix(4000))\(outcome.errors.suffix(1000))")
    }
}
