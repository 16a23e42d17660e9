// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletCoordinator
import MartletTestKit
import Testing

@testable import martlet

/// The files for containers and Kubernetes fit the program, and their own schemas.
@Suite struct ContainerTests {
    private static let manifests = Manual.files(below: "deploy/kubernetes", suffix: ".yaml")
        .filter { !$0.hasSuffix("kustomization.yaml") }
    private static let files = manifests + ["deploy/compose.yaml", "Dockerfile"]
    private static let tools = Manual.root + "/.build/test-tools/bin/"
    private static let hint: Comment = "scripts/bootstrap --tests installs it from PyPI"

    private static func isThere(_ tool: String) -> Bool { FileManager.default.isExecutableFile(atPath: tool) }

    /// Runs a tool over a file of the project, and over the same with one thing changed: it must see that, too.
    private func check(
        _ tool: String, _ arguments: [String], _ file: String, spoiledBy spoil: (String, String),
        location: SourceLocation = #_sourceLocation
    ) async throws {
        let directory = try TemporaryDirectory()
        let text = Manual.text(file)
        let spoiled = text.replacing(spoil.0, with: spoil.1)
        try #require(spoiled != text, sourceLocation: location)
        for (content, isGood) in [(text, true), (spoiled, false)] {
            let path = directory.file(String(file.split(separator: "/").last ?? ""))
            try Data(content.utf8).write(to: URL(filePath: path))
            let outcome = try await ChildProcess.run(Self.tools + tool, arguments + [path])
            #expect(
                outcome.isSuccess == isGood,
                "\(file), \(isGood ? "as it is" : "spoiled"): \(outcome.output)\(outcome.errors)",
                sourceLocation: location)
        }
    }

    /// The lists after `command:` and `args:` in a file of YAML.
    private func lists(in file: String) throws -> [[String]] {
        try Manual.text(file).matches(of: /(?:command|args): (\[[^\]]*\])/).map { match in
            try JSONDecoder().decode([String].self, from: Data(match.1.utf8))
        }
    }

    /// The first group of every match.
    private func names(_ pattern: Regex<(Substring, Substring)>, in files: [String]) -> Set<String> {
        Set(files.flatMap { Manual.text($0).matches(of: pattern).map { String($0.output.1) } })
    }

    // MARK: Schemas

    @Test(.enabled(if: isThere(tools + "kubernetes-validate"), hint), arguments: manifests)
    func kubernetesUnderstandsTheManifest(manifest: String) async throws {
        try await check("kubernetes-validate", ["--strict"], manifest, spoiledBy: ("metadata:", "metadatum:"))
    }

    @Test(.enabled(if: isThere(tools + "check-jsonschema"), hint)) func composeUnderstandsItsFile() async throws {
        try await check(
            "check-jsonschema", ["--builtin-schema", "vendor.compose-spec"], "deploy/compose.yaml",
            spoiledBy: ("restart:", "restarts:"))
    }

    @Test(.enabled(if: isThere(tools + "hadolint"), hint)) func theRecipeOfTheImageHasNoKnownFault() async throws {
        try await check("hadolint", [], "Dockerfile", spoiledBy: ("WORKDIR /martlet", "WORKDIR martlet"))
    }

    @Test(
        .enabled(if: isThere("/usr/bin/kubectl"), "kubectl is not installed"),
        .enabled(if: isThere(tools + "kubernetes-validate"), hint))
    func kustomizePutsTheManifestsTogether() async throws {
        let built = try await ChildProcess.run("kubectl", ["kustomize", Manual.root + "/deploy/kubernetes"])
        try #require(built.isSuccess, "\(built.errors)")
        let directory = try TemporaryDirectory()
        try Data(built.output.utf8).write(to: URL(filePath: directory.file("all.yaml")))
        let outcome = try await ChildProcess.run(
            Self.tools + "kubernetes-validate", ["--strict", directory.file("all.yaml")])
        #expect(outcome.isSuccess, "\(outcome.output)\(outcome.errors)")
        let kinds = { (text: String) in text.matches(of: /(?:^|\n)kind: (\w+)/).map { String($0.1) }.sorted() }
        #expect(kinds(built.output) == kinds(Self.manifests.map(Manual.text).joined(separator: "\n")))
        #expect(!built.output.contains(/image: martlet\s/))
    }

    @Test func nginxUnderstandsTheGateway() async throws {
        let directory = try TemporaryDirectory()
        let text = """
            pid \(directory.file("pid"));
            error_log stderr;
            events {}
            http {
                access_log off;
                include \(Manual.root)/deploy/nginx/streams.conf;
            }
            """
        try Data(text.utf8).write(to: URL(filePath: directory.file("nginx.conf")))
        let outcome = try await ChildProcess.run("/usr/sbin/nginx", ["-t", "-q", "-c", directory.file("nginx.conf")])
        #expect(outcome.isSuccess && outcome.errors.isEmpty, "\(outcome.errors)")
        withExtendedLifetime(directory) {}
    }

    // MARK: The program

    @Test(arguments: [("deploy/compose.yaml", 3), ("deploy/kubernetes", 3)])
    func everyCommandLineIsUnderstood(place: String, count: Int) throws {
        let files = place.hasSuffix(".yaml") ? [place] : Self.manifests
        let lines = try files.flatMap(lists).filter { !($0.first ?? "").hasPrefix("redis-") }
        #expect(lines.count == count)
        for line in lines {
            guard case .run(let command, _, let arguments) = try ParserWorkshop().request(line) else {
                Issue.record("\(line) runs nothing")
                continue
            }
            #expect(arguments.count == command.arguments.count, "\(line)")
        }
    }

    @Test func probesAskForWhatIsServed() throws {
        let served = Set(HealthRoutes(obstacle: { nil }).routes.map(\.pattern.description))
        let asked = names(/path: (\/[^\s]*)/, in: ["deploy/kubernetes/coordinator.yaml"])
        #expect(!asked.isEmpty && asked.isSubset(of: served))
        #expect(names(/path: (\/[^\s]*)/, in: ["deploy/kubernetes/workers.yaml"]) == ["/healthz"])
        #expect(names(/path: (\/[^\s]*)/, in: ["deploy/kubernetes/streams.yaml"]) == ["/healthz", "/readyz"])
        for (port, option) in [
            ("8090", Options.serving), ("8080", Options.working), ("8080", Command.stream.options),
        ] {
            #expect(option.contains { ["port", "http-port"].contains($0.name) && $0.defaultText == port })
        }
        let addresses = names(/http:\/\/127\.0\.0\.1:([^"\s]+)/, in: ["deploy/compose.yaml", "Dockerfile"])
        #expect(addresses == ["8090/healthz", "8080/healthz"])
    }

    @Test func everyMetricThatIsNamedExists() {
        let page = Manual.text("docs/5-metrics.md")
        let named = names(/\b(martlet_[a-z_]+)\b/, in: Self.files + ["docs/11-deployment.md"])
        #expect(named.isSuperset(of: ["martlet_queue_length", "martlet_stream_parts_waited"]))
        for name in named { #expect(page.contains("| `\(name)` |"), "\(name)") }
    }

    @Test func everyNameLeadsToAResourceThatIsThere() throws {
        let text = Self.manifests.map(Manual.text).joined(separator: "\n---\n")
        let documents = text.split(separator: "\n---\n").map(String.init)
        func names(of kind: String) -> Set<String> {
            Set(
                documents.filter { $0.contains("\nkind: \(kind)\n") || $0.hasPrefix("kind: \(kind)\n") }.compactMap {
                    $0.firstMatch(of: /metadata:\n  name: ([a-z-]+)/).map { String($0.1) }
                })
        }
        #expect(self.names(/claimName: ([a-z-]+)/, in: Self.manifests) == names(of: "PersistentVolumeClaim"))
        let hosts = self.names(/"(?:http|redis):\/\/([a-z-]+):/, in: Self.manifests)
        #expect(hosts == ["coordinator", "redis"] && hosts.isSubset(of: names(of: "Service")))
        let services = names(of: "Service")
        #expect(services.isSubset(of: names(of: "Deployment")))
        // What the page has its reader make, and what the manifests want, is one secret.
        let secrets = self.names(/secretName: ([a-z-]+)/, in: Self.manifests)
        #expect(secrets == self.names(/secret generic ([a-z-]+)/, in: ["docs/11-deployment.md"]))
        let resources = self.names(/- ([a-z-]+\.yaml)\n/, in: ["deploy/kubernetes/kustomization.yaml"])
        #expect(resources == Set(Self.manifests.map { String($0.split(separator: "/").last ?? "") }))
    }

    // MARK: The image

    @Test func theImagesUserIsTheOneOfTheManifests() {
        let users = names(/runAsUser: ([0-9]+)/, in: Self.manifests.filter { !$0.hasSuffix("redis.yaml") })
        #expect(users == names(/USER ([0-9]+):/, in: ["Dockerfile"]))
        #expect(users == names(/--uid ([0-9]+)/, in: ["Dockerfile"]))
        #expect(users == names(/chown ([0-9]+) token/, in: ["docs/11-deployment.md"]))
    }

    @Test(
        .enabled(
            if: Manual.isDebian(namedAs: /ARG DEBIAN=([a-z]+)/, in: "Dockerfile"),
            "this is not the Debian of the image"))
    func theImageHasEveryLibraryThatTheProgramIsLinkedWith() async throws {
        let facts = try await ChildProcess.run("readelf", ["-d", MartletProgram.path])
        let libraries = facts.output.matches(of: /\(NEEDED\).*\[([^\]]+)\]/).map { String($0.1) }
        // The toolchain's own are in the program itself when it is built for the image.
        let others = libraries.filter { !$0.contains(/^lib(?:swift|_?Foundation|dispatch|BlocksRuntime)/) }
        #expect(others.count > 5)
        let recipe = Manual.text("Dockerfile")
        for library in others {
            let owner = try await ChildProcess.run("dpkg-query", ["-S", "*/\(library)"])
            let packages = Set(owner.output.split(separator: "\n").compactMap { $0.split(separator: ":").first })
            #expect(!packages.isEmpty, "\(library)")
            let isThere = packages.contains { $0 == "libc6" || recipe.contains(" \($0) ") }
            #expect(isThere, "\(library) is in \(packages)")
        }
    }
}

extension Manual {
    /// Whether this machine is the Debian that a file of the project names.
    fileprivate static func isDebian(namedAs pattern: Regex<(Substring, Substring)>, in file: String) -> Bool {
        guard let name = text(file).firstMatch(of: pattern)?.output.1 else { return false }
        let release = FileManager.default.contents(atPath: "/etc/os-release") ?? Data()
        return String(decoding: release, as: UTF8.self).contains("VERSION_CODENAME=\(name)\n")
    }
}
