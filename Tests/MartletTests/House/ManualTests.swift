// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import FoundationEssentials
import MartletModel
import Testing

@testable import martlet

/// The manual says what the program does.
@Suite struct ManualTests {
    static let pages =
        ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"] + Manual.files(below: "docs", suffix: ".md")

    @Test(arguments: Command.allCases) func everyOptionHasItsRowInTheReference(command: Command) {
        let page = Manual.text("docs/2-options.md")
        for option in command.options { #expect(page.contains(Manual.row(of: option)), "\(option.name)") }
    }

    @Test func theReferenceNamesNoOptionThatDoesNotExist() throws {
        let known = Set(Command.allCases.flatMap(\.options).map(\.name) + ["help", "version", "config"])
        for page in Self.pages where page != "CONTRIBUTING.md" {
            for line in Manual.text(page).split(separator: "\n")
            where line.contains("martlet") && !line.contains("kubectl ") || line.contains("| `--") {
                // What comes before is Docker's.
                let own = line.hasPrefix("docker ") ? line.split(separator: " martlet ").last ?? "" : line
                for match in own.matches(of: /--([a-z][a-z-]+)/) {
                    #expect(known.contains(String(match.1)), "\(page): \(line)")
                }
            }
        }
    }

    @Test func everyKeyOfTheSampleConfigurationExists() throws {
        let page = Manual.text("docs/2-options.md")
        let blocks = page.matches(of: /```json\n([^`]*)```/)
        #expect(!blocks.isEmpty)
        for block in blocks {
            let entries = try ConfigurationFile.entries(of: Data(block.1.utf8), named: "sample")
            let workshop = ParserWorkshop(configuration: entries)
            _ = try workshop.request("transcode a b.mp4 --config sample")
        }
    }

    @Test func everyErrorCodeIsInTheTable() throws {
        let page = Manual.text("docs/4-errors.md")
        var count = 0
        for file in Manual.files(below: "Sources", suffix: ".swift") {
            let text = Manual.text(file)
            guard text.contains("CodedError") || file.hasSuffix("Failure.swift") else { continue }
            for match in text.matches(of: /"([a-z]+\.[a-z_]+)"/) {
                count += 1
                #expect(page.contains("| `\(match.1)` |"), "\(match.1) of \(file)")
            }
        }
        #expect(count > 20)
    }

    @Test func theTableHasNoErrorCodeThatDoesNotExist() throws {
        let sources = Manual.files(below: "Sources", suffix: ".swift").map(Manual.text).joined()
        for match in Manual.text("docs/4-errors.md").matches(of: /\| `([a-z]+\.[a-z_]+)` \|/) {
            #expect(sources.contains("\"\(match.1)\""), "\(match.1)")
        }
    }

    @Test func everyEventIsInTheTable() {
        let page = Manual.text("docs/3-output.md")
        let job = Samples.job
        let (task, worker) = (TaskID("t"), WorkerID("w"))
        let events: [Event] = [
            .jobSubmitted(job), .jobStateChanged(job, .queued), .jobCompleted(job),
            .jobFailed(job, code: "", message: ""), .taskStarted(job, task, worker, attempt: 1),
            .taskCompleted(job, task, frames: 0, reused: false), .taskFailed(job, task, message: ""),
            .taskRetried(job, task, attempt: 1, reason: ""), .workerRegistered(worker),
            .workerStateChanged(worker, .idle), .workerUnregistered(worker),
            .progress(job, .encoding, fraction: 0, framesPerSecond: 0, remainingSeconds: 0),
            .taskProgress(job, task, frames: 0, of: 0), .warning(job, ""),
        ]
        let failure = Failure(CancellationError()).json
        let objects =
            events.map(EventText.json) + [failure, PlanText.announcement(of: Samples.planned), FinalLine().json]
            + Summary.json(of: Samples.outcome)
        for object in objects {
            guard case .object(let members) = object, case .text(let name)? = members.first?.value else {
                Issue.record("\(object.line)")
                continue
            }
            let row = page.split(separator: "\n").first { $0.hasPrefix("| `\(name)`") }
            for member in members.dropFirst() {
                #expect(row?.contains("`\(member.key)`") == true, "\(name): \(member.key)")
            }
        }
    }

    @Test func everyExitCodeIsInTheTable() {
        let page = Manual.text("docs/4-errors.md")
        for code in [0, 1, 2, 3, 4, 5, 6, 130] { #expect(page.contains("| \(code) |")) }
    }

    @Test(arguments: pages) func everyLinkLeadsSomewhere(page: String) {
        let text = Manual.text(page)
        #expect(!text.isEmpty, "\(page) is missing")
        let directory = page.split(separator: "/").dropLast().joined(separator: "/")
        for match in text.matches(of: /(?:\]\(|src=")([^)"#]+)/) {
            let target = String(match.1)
            if target.contains("://") || target.hasPrefix("mailto:") { continue }
            let path = [Manual.root, directory, target].filter { !$0.isEmpty }.joined(separator: "/")
            #expect(FileManager.default.fileExists(atPath: path), "\(page): \(target)")
        }
    }

    @Test func everyMakeTargetThatIsNamedExists() {
        let makefile = Manual.text("Makefile")
        for page in Self.pages {
            for match in Manual.text(page).matches(of: /`make ([a-z]+)/) {
                #expect(makefile.contains("\n\(match.1):"), "\(page): make \(match.1)")
            }
        }
    }
}
