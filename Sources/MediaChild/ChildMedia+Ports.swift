// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel
package import MartletPorts

extension ChildMedia: MediaProber {
    package func describe(path: String) async throws -> SourceDescription {
        guard case (.description(let description), _) = try await read(.describe(path: path)) else {
            throw mismatch(path)
        }
        return description
    }

    package func index(
        of source: SourceDescription, stream: Int, method: FrameIndex.Method
    ) async throws -> FrameIndex {
        guard case (.index, let bytes) = try await read(.index(source, stream: stream, method: method)),
            let index = bytes.withUnsafeBufferPointer({ IndexCoding.index(from: $0) })
        else { throw mismatch(source.path) }
        return index
    }

    package func inspect(path: String) async throws -> StreamInspection {
        guard case (.inspection(var inspection), let bytes) = try await read(.inspect(path: path)),
            let times = bytes.withUnsafeBufferPointer({ bytes in
                var reader = ByteReader(bytes)
                return IndexCoding.times(&reader)
            })
        else { throw mismatch(path) }
        inspection.times = times
        return inspection
    }
}

extension ChildMedia: SoundScanner {
    package func sounds(of source: SourceDescription) async throws -> [AudioRuns] {
        guard case (.sounds(let sounds), _) = try await read(.sounds(source)) else { throw mismatch(source.path) }
        return sounds
    }
}

extension ChildMedia: Assembler {
    package func assemble(
        _ request: AssemblyRequest, progress: @escaping @Sendable (Double) -> Void
    ) async throws -> AssemblyReport {
        var bare = request
        bare.index = nil
        guard
            case (.assembled(let report), _) = try await ask(.assemble(bare), index: request.index, progress: progress)
        else { throw mismatch(request.output) }
        return report
    }
}

extension ChildMedia: Verifier {
    package func verify(
        output: String, against source: SourceDescription, index: FrameIndex?, plan: JobPlan?
    ) async throws -> VerificationReport {
        let request = MediaRequest.verify(output: output, source, plan)
        guard case (.verified(let report), _) = try await ask(request, index: index, progress: { _ in }) else {
            throw mismatch(output)
        }
        return report
    }
}

extension ChildMedia: SourceRestamper {
    package func restamp(
        _ source: SourceDescription, to path: String, progress: @escaping @Sendable (Double) -> Void
    ) async throws -> RestampReport? {
        let request = MediaRequest.restamp(source, path: path)
        guard case (.restamped(let report), _) = try await ask(request, index: nil, progress: progress) else {
            throw mismatch(source.path)
        }
        return report
    }
}

extension ChildMedia: StreamPackager, TrackPackager {
    package func package(_ part: EncodedPart) async throws -> PackagedPart { try await packaged(.package(part)) }

    package func package(_ track: EncodedTrack) async throws -> PackagedPart {
        try await packaged(.packageTrack(track))
    }

    private func packaged(_ request: MediaRequest) async throws -> PackagedPart {
        guard case (.packaged(let sizes), let bytes) = try await read(request), let part = sizes.part(of: bytes) else {
            throw mismatch(request.subject)
        }
        return part
    }
}
