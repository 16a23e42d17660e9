// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel
package import MartletPorts

/// What a child process is asked to do with media files.
package enum MediaRequest: Codable, Sendable, Equatable {
    /// What does the file contain?
    case describe(path: String)
    /// Which frames does the stream show?
    case index(SourceDescription, stream: Int, method: FrameIndex.Method)
    /// Where does the sound lie?
    case sounds(SourceDescription)
    /// What does a file made by ffmpeg hold?
    case inspect(path: String)
    /// Join; the frame list is beside the request.
    case assemble(AssemblyRequest)
    /// Does the output match its source? The frame list is beside the request.
    case verify(output: String, SourceDescription, JobPlan?)
    /// Copy the source into a file with one clock.
    case restamp(SourceDescription, path: String)
    /// Make segments of one encoded file.
    case package(EncodedPart)
    /// Make segments of a sound track.
    case packageTrack(EncodedTrack)

    /// The file that was not made here, and that is read.
    var subject: String {
        switch self {
        case .describe(let path), .inspect(let path): path
        case .sounds(let source), .index(let source, _, _), .verify(_, let source, _), .restamp(let source, _):
            source.path
        case .assemble(let request): request.plan.source.path
        case .package(let part): part.path
        case .packageTrack(let track): track.path
        }
    }
}
