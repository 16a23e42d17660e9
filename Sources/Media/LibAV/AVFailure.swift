// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CFFmpeg

/// A negative return value of a libav call, with the call's name.
///
/// Source: <https://ffmpeg.org/doxygen/trunk/group__lavu__error.html>
struct AVFailure: Error, CustomStringConvertible {
    /// What the call returned.
    let code: Int32
    /// What was being done, such as `open`.
    let operation: String

    /// libav's own words for the code.
    var reason: String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            buffer.initialize(repeating: 0)
            av_strerror(code, buffer.baseAddress, buffer.count)
            return buffer.baseAddress.map { String(cString: $0) } ?? "error \(code)"
        }
    }

    /// Whether the disk is full.
    var isNoSpace: Bool { code == martlet_averror(ENOSPC) || code == martlet_averror(EDQUOT) }

    var description: String { "\(operation): \(reason)" }
}

/// Passes a non-negative return value on; throws `AVFailure` for a negative one.
@discardableResult
func checked(_ result: Int32, _ operation: @autoclosure () -> String) throws(AVFailure) -> Int32 {
    guard result >= 0 else { throw AVFailure(code: result, operation: operation()) }
    return result
}
