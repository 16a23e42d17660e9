// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CFFmpeg
internal import Glibc
package import MartletModel
package import MartletPorts

/// Restamps with libavformat, in this process: two readings of the source, one packet in memory.
package struct MediaRestamper: SourceRestamper {
    private let files: any FileStore

    /// Makes a restamper.
    package init(files: any FileStore) { self.files = files }

    package func restamp(
        _ source: SourceDescription, to path: String, progress: @escaping @Sendable (Double) -> Void
    ) async throws -> RestampReport? {
        let files = files
        let temporary = path + ".part"
        let report = try await blocking("martlet.restamping") { stop -> RestampReport? in
            do {
                let run = RestampRun(source: source, stop: stop)
                guard let survey = try run.survey(progress: { progress($0 / 2) }) else { return nil }
                let kept = try run.keptStreams()
                if !files.exists(path) {
                    try Self.checkSpace(for: source, at: path, files)
                    try run.copy(kept, as: survey, to: temporary, progress: { progress(0.5 + $0 / 2) })
                    do { try Self.setTime(of: temporary, as: source) } catch {
                        try? files.remove(temporary)
                        throw error
                    }
                }
                let omitted = source.streams.map(\.index).filter { !kept.contains($0) }
                return RestampReport(jumps: survey.offsets.count - 1, omittedStreams: omitted)
            } catch let failure as AVFailure {
                throw MediaError(
                    .failed, "\(source.path): joining its times failed (\(failure)).",
                    advice: "Join them first: ffmpeg -i \(source.path) -map 0 -c copy film.mkv")
            }
        }
        guard let report, !files.exists(path) else { return report }
        do { try await files.publish(temporary, as: path) } catch {
            try? files.remove(temporary)
            throw error
        }
        return report
    }

    private static func checkSpace(for source: SourceDescription, at path: String, _ files: any FileStore) throws {
        let free = try files.freeSpace(at: path)
        guard free < source.fingerprint.size else { return }
        throw MediaError(
            .noSpace,
            "\(path) needs up to \(source.fingerprint.size.bytes) bytes, and \(free.bytes) are free.",
            advice:
                "The clock of \(source.path) jumps, so a copy is needed: free some space, or choose --work-directory.")
    }

    /// A copy that is made again must be taken for the same file.
    ///
    /// Scans are kept by size, time and both ends of a file: a change of how copies
    /// are made wants a new mark of the scans' cache.
    private static func setTime(of path: String, as source: SourceDescription) throws {
        let (seconds, rest) = source.fingerprint.modifiedNanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        let time = timespec(tv_sec: Int(seconds), tv_nsec: Int(max(0, rest)))
        guard utimensat(AT_FDCWD, path, [time, time], 0) == 0 else {
            throw MediaError(.writeFailed, "Writing \(path) failed (\(String(cString: strerror(errno)))).")
        }
    }
}
