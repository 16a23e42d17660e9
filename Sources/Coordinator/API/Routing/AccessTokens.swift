// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import FoundationEssentials

/// The secrets that let programs and people in.
package struct AccessTokens: Sendable {
    /// One secret.
    private struct Token: Sendable {
        var bytes: [UInt8]
        /// When it ends, in milliseconds since 1970; `nil` for never.
        var end: Int64?
    }

    private var tokens: [Token] = []

    /// Makes a set with one token that does not expire.
    package init(_ token: String) { tokens = [Token(bytes: Array(token.utf8), end: nil)] }

    /// Reads a token file: one token a line, where wanted with its end as `token,2027-01-31T00:00:00Z` or in seconds since
    /// 1970. Empty lines and lines that begin with `#` do not count.
    ///
    /// - Throws: `APIError` `badTokenFile`, without the token.
    package init(file text: String) throws {
        for (number, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let line = Self.trimmed(line)
            if line.isEmpty || line.hasPrefix("#") { continue }
            let parts = line.split(separator: ",", maxSplits: 1, omittingEmptySubsequences: false)
            let secret = Self.trimmed(parts[0])
            var end: Int64?
            if parts.count == 2 {
                end = Self.milliseconds(Self.trimmed(parts[1]))
                guard end != nil else { throw Self.unreadable(line: number + 1, "its date is none") }
            }
            guard !secret.isEmpty, !secret.contains(where: \.isWhitespace) else {
                throw Self.unreadable(line: number + 1, "a token has no spaces and is not empty")
            }
            tokens.append(Token(bytes: Array(secret.utf8), end: end))
        }
        guard !tokens.isEmpty else {
            throw APIError(.badTokenFile, "The token file has no token.", advice: "Write one token a line.")
        }
    }

    /// Takes in the tokens of another set, too.
    package mutating func formUnion(_ other: AccessTokens) { tokens += other.tokens }

    /// A token that has not ended, to be shown to those who know the same ones; `nil` when all have.
    package func presentable(atMilliseconds now: Int64) -> String? {
        tokens.first { token in token.end.map { now < $0 } ?? true }.map { String(decoding: $0.bytes, as: UTF8.self) }
    }

    /// Whether a token is one of these and has not ended. Takes as long for a nearly right token as for a wrong one.
    package func accepts(_ presented: String, atMilliseconds now: Int64) -> Bool {
        let presented = Array(presented.utf8)
        var isAccepted = false
        for token in tokens {
            let isEqual = Self.isEqual(presented, token.bytes)
            let isValid = token.end.map { now < $0 } ?? true
            isAccepted = (isEqual && isValid) || isAccepted
        }
        return isAccepted
    }

    /// Compares every byte, whatever the ones before were; the time tells no more than the length of `presented`.
    private static func isEqual(_ presented: [UInt8], _ token: [UInt8]) -> Bool {
        var difference = UInt64(presented.count ^ token.count)
        for (position, byte) in presented.enumerated() {
            difference |= UInt64(byte ^ token[position % token.count])
        }
        return difference == 0
    }

    private static func milliseconds(_ text: String) -> Int64? {
        if let seconds = Int64(text) { return seconds.multipliedReportingOverflow(by: 1000).partialValue }
        guard let date = try? Date(text, strategy: .iso8601) else { return nil }
        return Int64((date.timeIntervalSince1970 * 1000).rounded())
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        var rest = Substring(text)
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return String(rest)
    }

    private static func unreadable(line: Int, _ reason: String) -> APIError {
        APIError(
            .badTokenFile, "Line \(line) of the token file cannot be read: \(reason).",
            advice: "Write `token` or `token,2027-01-31T00:00:00Z`.")
    }
}
