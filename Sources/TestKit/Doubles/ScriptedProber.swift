// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
package import MartletModel
package import MartletPorts

/// A prober that knows one film, and reads what `ScriptedEncoder` wrote.
package final class ScriptedProber: MediaProber {
    /// Which lists of frames were asked for.
    package let indexed = Journal<FrameIndex.Method>()
    private let source: SourceDescription?
    private let index: @Sendable (FrameIndex.Method) async throws -> FrameIndex

    /// Makes a prober of this source; without one it only inspects.
    package init(
        source: SourceDescription? = nil,
        index: @escaping @Sendable (FrameIndex.Method) async throws -> FrameIndex = { _ in throw NotScripted() }
    ) {
        self.source = source
        self.index = index
    }

    package func describe(path: String) async throws -> SourceDescription {
        guard let source, source.path == path else { throw NotScripted() }
        return source
    }

    package func index(
        of source: SourceDescription, stream: Int, method: FrameIndex.Method
    ) async throws -> FrameIndex {
        indexed.note(method)
        return try await index(method)
    }

    package func inspect(path: String) async throws -> StreamInspection {
        try JSONDecoder().decode(StreamInspection.self, from: Data(contentsOf: URL(filePath: path)))
    }
}

/// A double was asked for what its test does not provide.
package struct NotScripted: Error {
    /// Makes the error.
    package init() {}
}
