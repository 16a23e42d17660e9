// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel
package import MartletPorts

/// The other side of `ChildMedia`: what runs in the child process.
package struct MediaChild: Sendable {
    /// The only argument of a program that is to be such a child.
    package static let argument = "media-child"

    /// What does the work.
    package struct Tools: Sendable {
        /// Reads media files.
        package var prober: any MediaProber
        /// Finds out where sound lies.
        package var scanner: any SoundScanner
        /// Joins.
        package var assembler: any Assembler
        /// Checks.
        package var verifier: any Verifier
        /// Restamps.
        package var restamper: any SourceRestamper
        /// Makes segments for players.
        package var packager: any StreamPackager & TrackPackager

        /// Takes the tools.
        package init(
            prober: any MediaProber, scanner: any SoundScanner, assembler: any Assembler, verifier: any Verifier,
            restamper: any SourceRestamper, packager: any StreamPackager & TrackPackager
        ) {
            self.prober = prober
            self.scanner = scanner
            self.assembler = assembler
            self.verifier = verifier
            self.restamper = restamper
            self.packager = packager
        }
    }

    private let tools: @Sendable (String?) -> Tools
    private let time: any TimeSource
    private let traffic: @Sendable () -> Int64?
    private let write: @Sendable ([UInt8]) -> Void

    /// How often it may say that it is alive.
    private static let interval = Duration.seconds(1)
    /// Asking for the traffic is a little traffic itself.
    private static let noise: Int64 = 4096

    /// Composes it.
    ///
    /// - Parameters:
    ///   - tools: makes the tools for the directory where scans of sources are kept, or for none.
    ///   - traffic: the bytes that this process has read and written so far; `nil` when the system does not say.
    ///   - write: writes to standard output, a whole piece at once; called from any thread.
    package init(
        tools: @escaping @Sendable (String?) -> Tools, time: any TimeSource,
        traffic: @escaping @Sendable () -> Int64?, write: @escaping @Sendable ([UInt8]) -> Void
    ) {
        self.tools = tools
        self.time = time
        self.traffic = traffic
        self.write = write
    }

    /// Does what the bytes of standard input ask for, and writes the answer.
    ///
    /// - Returns: `false` when the bytes are no request.
    package func serve(_ input: [UInt8]) async -> Bool {
        guard let order = MediaOrder(bytes: input) else { return false }
        let sign = Task { try await showLife() }
        let (answer, rest) = await answer(to: order)
        sign.cancel()
        _ = await sign.result
        guard let line = try? ChildLine.answer(answer).bytes() else { return false }
        write(line + rest)
        return true
    }

    private func answer(to order: MediaOrder) async -> (MediaAnswer, [UInt8]) {
        let tools = tools(order.cacheDirectory)
        do {
            switch order.request {
            case .describe(let path):
                return (.description(try await tools.prober.describe(path: path)), [])
            case .index(let source, let stream, let method):
                let index = try await tools.prober.index(of: source, stream: stream, method: method)
                return (.index, IndexCoding.bytes(of: index))
            case .sounds(let source):
                return (.sounds(try await tools.scanner.sounds(of: source)), [])
            case .inspect(let path):
                var inspection = try await tools.prober.inspect(path: path)
                var writer = ByteWriter()
                IndexCoding.write(inspection.times, to: &writer)
                inspection.times = []
                return (.inspection(inspection), writer.bytes)
            case .assemble(var request):
                request.index = order.index
                return (.assembled(try await tools.assembler.assemble(request, progress: tell)), [])
            case .verify(let output, let source, let plan):
                let report = try await tools.verifier.verify(
                    output: output, against: source, index: order.index, plan: plan)
                return (.verified(report), [])
            case .restamp(let source, let path):
                return (.restamped(try await tools.restamper.restamp(source, to: path, progress: tell)), [])
            case .package(let part): return Self.answer(with: try await tools.packager.package(part))
            case .packageTrack(let track): return Self.answer(with: try await tools.packager.package(track))
            }
        } catch {
            return (.failed(AttemptFailure(error)), [])
        }
    }

    private static func answer(with part: PackagedPart) -> (MediaAnswer, [UInt8]) {
        (.packaged(PackagedSizes(of: part)), part.segments.reduce(part.initialization) { $0 + $1.bytes })
    }

    private func tell(_ share: Double) {
        if let line = try? ChildLine.progress(share).bytes() { write(line) }
    }

    /// Says again and again that bytes are read or written, while they are.
    private func showLife() async throws {
        guard var known = traffic(), let line = try? ChildLine.alive.bytes() else { return }
        while true {
            try await time.sleep(until: time.now() + Self.interval)
            guard let now = traffic() else { return }
            if now - known > Self.noise { write(line) }
            known = now
        }
    }
}
