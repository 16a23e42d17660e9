// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// Joins the results of a job's tasks into one file.
package protocol Assembler: Sendable {
    /// Writes the joined file.
    ///
    /// Video packets get their times from the source's frame list; everything
    /// else is carried by the plan's layout. Two calls with equal requests write
    /// equal bytes.
    ///
    /// - Parameter progress: called with the share that is done, 0 to 1.
    /// - Throws: a `CodedError`; exit status `verificationFailed` when segments
    ///   do not fit together, `writeFailed` when the disk is full.
    func assemble(
        _ request: AssemblyRequest, progress: @escaping @Sendable (Double) -> Void
    ) async throws
        -> AssemblyReport
}

/// What is to be joined.
package struct AssemblyRequest: Sendable, Equatable, Codable {
    /// The job's plan.
    package var plan: JobPlan
    /// The source's frames; `nil` when no picture is encoded.
    package var index: FrameIndex?
    /// The encoded segments, in order.
    package var segments: [EncodedSegment]
    /// The paths of the other tasks' results.
    package var artifacts: [TaskID: String]
    /// Where the joined file is written; it must not exist.
    package var output: String

    /// Makes a request from its parts.
    package init(
        plan: JobPlan, index: FrameIndex?, segments: [EncodedSegment], artifacts: [TaskID: String], output: String
    ) {
        self.plan = plan
        self.index = index
        self.segments = segments
        self.artifacts = artifacts
        self.output = output
    }
}

/// A segment's encoded picture.
package struct EncodedSegment: Sendable, Equatable, Codable {
    /// The file.
    package var path: String
    /// How many frames it has to have.
    package var frameCount: Int

    /// Makes a segment from its parts.
    package init(path: String, frameCount: Int) {
        self.path = path
        self.frameCount = frameCount
    }
}

/// What was joined.
package struct AssemblyReport: Sendable, Equatable, Codable {
    /// Picture packets written.
    package var frames: Int
    /// The file's size.
    package var size: ByteCount
    /// Omissions that only showed while writing, besides the plan's.
    package var omissions: [Omission]
    /// What the user should know besides, one sentence each.
    package var remarks: [String]

    /// Makes a report.
    package init(frames: Int, size: ByteCount, omissions: [Omission] = [], remarks: [String] = []) {
        self.frames = frames
        self.size = size
        self.omissions = omissions
        self.remarks = remarks
    }
}
