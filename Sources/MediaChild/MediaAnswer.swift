// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import FoundationEssentials
internal import MartletModel
internal import MartletPorts

/// One line that a child process writes. After the answer come the bytes that belong to it, and nothing else.
enum ChildLine: Codable, Equatable {
    /// It reads or writes.
    case alive
    /// The share that is done, 0 to 1.
    case progress(Double)
    /// The last line.
    case answer(MediaAnswer)

    /// The line that the text holds; `nil` when it holds none.
    init?(_ text: some Collection<UInt8>) {
        guard let line = try? JSONDecoder().decode(ChildLine.self, from: Data(text)) else { return nil }
        self = line
    }

    /// The line with its end.
    ///
    /// - Throws: `EncodingError` when a number in it has no JSON form.
    func bytes() throws -> [UInt8] { [UInt8](try JSONEncoder().encode(self)) + [UInt8(ascii: "\n")] }
}

/// What came of a request.
enum MediaAnswer: Codable, Equatable {
    case description(SourceDescription)
    /// The frame list follows as bytes.
    case index
    case sounds([AudioRuns])
    /// The times are left out here and follow as bytes.
    case inspection(StreamInspection)
    case assembled(AssemblyReport)
    case verified(VerificationReport)
    case restamped(RestampReport?)
    /// The bytes of initialization and segments follow, one behind the other.
    case packaged(PackagedSizes)
    case failed(AttemptFailure)
}

/// How long the parts of a packaged part are, in bytes.
struct PackagedSizes: Codable, Equatable {
    /// One segment.
    struct Piece: Codable, Equatable {
        var number: Int
        var size: Int
    }

    var initialization: Int
    var segments: [Piece]
    var codecName: String?

    /// The sizes of a part.
    init(of part: PackagedPart) {
        initialization = part.initialization.count
        segments = part.segments.map { Piece(number: $0.number, size: $0.bytes.count) }
        codecName = part.codecName
    }

    /// The part whose bytes follow; `nil` when they are not as many.
    func part(of bytes: [UInt8]) -> PackagedPart? {
        let sizes = [initialization] + segments.map(\.size)
        guard sizes.allSatisfy({ (0...bytes.count).contains($0) }), sizes.reduce(0, +) == bytes.count else {
            return nil
        }
        var rest = bytes[...]
        func take(_ size: Int) -> [UInt8] {
            defer { rest = rest.dropFirst(size) }
            return Array(rest.prefix(size))
        }
        let head = take(initialization)
        return PackagedPart(
            initialization: head, segments: segments.map { ($0.number, take($0.size)) }, codecName: codecName)
    }
}
