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
    case failed(AttemptFailure)
}
