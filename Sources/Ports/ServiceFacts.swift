// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// What the service of a cluster keeps of a job, besides what any job has.
package struct ServiceFacts: Codable, Sendable, Equatable {
    /// The source, by the names that machines share.
    package var source: MediaAddress
    /// Its content when the job was submitted.
    package var fingerprint: Fingerprint
    /// The output, likewise.
    package var output: MediaAddress
    /// The ffmpeg that the plan is for, without the lists of what it can; `nil` until planned.
    package var build: EncoderBuild?
    /// Where the job's end is told; `nil` when nobody wants to hear.
    package var callbackURL: String?
    /// When it ended, in milliseconds since 1970; `nil` until then.
    package var finishedMilliseconds: Int64?
    /// Picture frames of the result; `nil` until planned.
    package var frames: Int?
    /// Segments of the plan; `nil` until planned.
    package var segments: Int?
    /// Segments that were there already when the job was taken up last.
    package var reusedSegments = 0
    /// Tasks of the job when it ended; `nil` until then.
    package var tasks: Int?
    /// How many of them were completed.
    package var completedTasks: Int?
    /// What the user should know, a sentence each.
    package var warnings: [String] = []
    /// Why it failed, with what is left of the messages.
    package var failure: AttemptFailure?

    /// Makes the facts of a new job.
    package init(
        source: MediaAddress, fingerprint: Fingerprint, output: MediaAddress, callbackURL: String? = nil
    ) {
        self.source = source
        self.fingerprint = fingerprint
        self.output = output
        self.callbackURL = callbackURL
    }
}
