// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// The parts of a request's path, decoded.
///
/// A part that could lead elsewhere (`.`, `..`, a `/` or a zero byte that was hidden by percent-encoding) is refused
/// before anybody sees it, so that handlers may take their parameters for names.
package enum PathSegments {
    /// Takes a path apart: `/api/v1/jobs/a%20b` becomes `api`, `v1`, `jobs`, `a b`. Empty parts stay.
    ///
    /// - Returns: `nil` when the path is no path or has a part that is refused.
    package static func split(_ path: String) -> [String]? {
        guard path.hasPrefix("/") else { return nil }
        var segments: [String] = []
        for part in path.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            guard let segment = PercentEncoding.decoded(part), isAllowed(segment) else { return nil }
            segments.append(segment)
        }
        return segments
    }

    /// Whether a request may have this part, decoded: it leads nowhere else, and has no control characters.
    package static func isAllowed(_ segment: String) -> Bool {
        segment != "." && segment != ".."
            && !segment.unicodeScalars.contains { $0 == "/" || $0.value < 0x20 || $0.value == 0x7f }
    }
}
