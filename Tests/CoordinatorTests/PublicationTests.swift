// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletCoordinator
import MartletHost
import MartletModel
import MartletPorts
import MartletTestKit
import Testing

/// A process that ends between the rename of its output and the record of it.
@Suite struct PublicationTests {
    private struct PowerCut: Error {}

    /// A studio whose store took no more records once the output was in place.
    private func cutOff(verification: VerificationLevel = .counts) async throws -> Studio {
        let studio = try await Studio(store: { memory in
            FaultyStore(
                memory,
                before: { change in
                    if case .updateJob(let job) = change, job.state == .completed { throw PowerCut() }
                })
        })
        _ = try await studio.hand()
        try await studio.submit(verification: verification)
        #expect(try await studio.error() is PowerCut)
        _ = try await studio.stopped()
        #expect(try await studio.keptState() == .combining)
        #expect(try studio.outputText() == "[video-00000][video-00001][video-00002]")
        return studio
    }

    @Test("The next run knows the output as its own, and only records it", arguments: [false, true])
    func ownOutput(overwrite: Bool) async throws {
        let studio = try await cutOff()
        let before = try await LocalFiles().fingerprint(of: studio.output)
        let next = try await Studio(after: studio)
        try await next.submit(overwrite: overwrite)
        let finished = try await next.outcome()
        #expect(finished.frames == 900)
        #expect(finished.verification?.passed == true)
        #expect(try await next.keptState() == .completed)
        #expect(await next.coordinator.reusedSegments(of: next.job) == 3)
        #expect(try await next.coordinator.plan(of: next.job)?.segments.count == 3)
        #expect(next.assembler.requests.entries.isEmpty)
        #expect(try await LocalFiles().fingerprint(of: studio.output) == before)
        let events = try await next.stopped()
        #expect(events == [.jobSubmitted(next.job), .jobStateChanged(next.job, .completed), .jobCompleted(next.job)])
    }

    @Test("A stranger's file in the output's place is left alone")
    func foreignOutput() async throws {
        let studio = try await cutOff()
        _ = try studio.directory.write("precious", to: "out.mp4")
        let next = try await Studio(after: studio)
        let error = await #expect(throws: CoordinatorError.self) { try await next.submit() }
        #expect(error?.code == .outputExists)
        #expect(try next.outputText() == "precious")
    }

    @Test("An output that was proved less than is wanted now does not count")
    func lesserProof() async throws {
        let studio = try await cutOff(verification: .none)
        let next = try await Studio(after: studio)
        let error = await #expect(throws: CoordinatorError.self) { try await next.submit() }
        #expect(error?.code == .outputExists)
        try await next.submit(verification: .none)
        #expect(try await next.outcome().frames == 900)
    }

    @Test("A job that ended before the rename is joined again")
    func endedBeforeTheRename() async throws {
        let studio = try await cutOff()
        try LocalFiles().remove(studio.output)
        let next = try await Studio(after: studio)
        try await next.submit()
        #expect(try await next.outcome().frames == 900)
        #expect(next.assembler.requests.entries.count == 1)
        #expect(try next.outputText() == "[video-00000][video-00001][video-00002]")
    }

    @Test("An output may be made anew once its job has ended")
    func wantedAnew() async throws {
        let studio = try await Studio()
        _ = try await studio.hand()
        try await studio.submit()
        _ = try await studio.outcome()
        _ = try await studio.stopped()
        let next = try await Studio(after: studio)
        try await next.submit(overwrite: true)
        _ = try await next.outcome()
        #expect(next.assembler.requests.entries.count == 1)
    }
}
