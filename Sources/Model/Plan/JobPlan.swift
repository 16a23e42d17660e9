// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// Everything that is fixed about a job before the first frame is encoded.
///
/// It depends on the source, the parameters and the encoder build alone, never
/// on how many workers there are: that is why the result has the same bytes on
/// every cluster.
package struct JobPlan: Codable, Sendable, Equatable {
    /// What the user asked for.
    package var parameters: TranscodeParameters
    /// What the source is.
    package var source: SourceDescription
    /// FFmpeg's name of the encoder that was chosen; `nil` when no picture is encoded.
    package var encoder: String?
    /// The segments, in order; empty when no picture is encoded.
    package var segments: [Segment]
    /// The clock of the segments' times.
    package var videoTimeBase: TimeBase
    /// The times of the result's frames when the rate is changed; `nil` when they are the source's.
    package var constantRate: Rational?
    /// How many picture frames the result has; 0 when no picture is encoded.
    package var resultFrames: Int
    /// What the joined file contains.
    package var layout: OutputLayout
    /// What the user should know: fallbacks and omissions, one sentence each.
    package var warnings: [String]
    /// The hardware encoder that the job was planned for before, and that failed at work; `nil` when none did.
    package var abandonedEncoder: String?

    /// Makes a plan from its parts.
    ///
    /// - Parameter resultFrames: `nil` for as many as the segments have.
    package init(
        parameters: TranscodeParameters, source: SourceDescription, encoder: String?, segments: [Segment],
        videoTimeBase: TimeBase, constantRate: Rational? = nil, resultFrames: Int? = nil, layout: OutputLayout,
        warnings: [String] = []
    ) {
        self.parameters = parameters
        self.source = source
        self.encoder = encoder
        self.segments = segments
        self.videoTimeBase = videoTimeBase
        self.constantRate = constantRate
        self.resultFrames = resultFrames ?? segments.reduce(0) { $0 + $1.frameCount }
        self.layout = layout
        self.warnings = warnings
    }
}

/// What the joined file contains, stream by stream, and what it cannot.
package struct OutputLayout: Codable, Sendable, Equatable {
    /// The container.
    package var container: ContainerFormat
    /// The streams, in output order.
    package var streams: [OutputStream]
    /// What is left behind, and why.
    package var omissions: [Omission]
    /// Subtracted from every time of the source, in microseconds; not zero only
    /// for containers whose clock has no meaningful zero.
    package var originMicroseconds: Int64

    /// Makes a layout from its parts.
    package init(
        container: ContainerFormat, streams: [OutputStream], omissions: [Omission] = [], originMicroseconds: Int64 = 0
    ) {
        self.container = container
        self.streams = streams
        self.omissions = omissions
        self.originMicroseconds = originMicroseconds
    }
}

/// One stream of the joined file.
package struct OutputStream: Codable, Sendable, Equatable {
    /// Where its packets come from.
    package enum Origin: Codable, Sendable, Equatable {
        /// The encoded segments.
        case segments
        /// The result of one task.
        case task(TaskID)
        /// Packets of the source, as they are.
        case source
        /// A file carried inside the container (fonts, cover pictures).
        case attachment
    }

    /// The source stream that it stands for.
    package var sourceIndex: Int
    /// What it carries.
    package var kind: StreamKind
    /// Where its packets come from.
    package var origin: Origin
    /// FFmpeg's name of its codec.
    package var codec: String
    /// Its role flags.
    package var disposition: Disposition
    /// Its tags.
    package var tags: [Tag]

    /// Makes a stream from its parts.
    package init(
        sourceIndex: Int, kind: StreamKind, origin: Origin, codec: String, disposition: Disposition, tags: [Tag]
    ) {
        self.sourceIndex = sourceIndex
        self.kind = kind
        self.origin = origin
        self.codec = codec
        self.disposition = disposition
        self.tags = tags
    }
}

/// A part of the source that the result does not have.
package struct Omission: Codable, Sendable, Hashable {
    /// The source stream's number.
    package var sourceIndex: Int
    /// What it is, such as `subtitle stream 3 (hdmv_pgs_subtitle, eng)`.
    package var subject: String
    /// Why it is left behind.
    package var reason: String
    /// What would carry it; `nil` when nothing would.
    package var advice: String?

    /// Makes an omission from its parts.
    package init(sourceIndex: Int, subject: String, reason: String, advice: String? = nil) {
        self.sourceIndex = sourceIndex
        self.subject = subject
        self.reason = reason
        self.advice = advice
    }
}
