// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// Reads the frame numbers out of the pictures of a ``DrawnFilm``, even after
/// a lossy encode or a change of size.
package enum FrameNumbers {
    /// The number in each frame of the film at `path`, in the order shown.
    ///
    /// - Parameter drawnSize: the size that the film was drawn in.
    /// - Throws: ``FrameTruth/CannotDecode``.
    package static func read(_ path: String, drawnSize: (Int, Int) = (320, 180)) async throws -> [Int] {
        let (width, height) = drawnSize
        let square = DrawnFilm.square(width: width)
        let strip = "crop=iw*\(DrawnFilm.bits * square)/\(width):ih*\(square)/\(height):0:0:exact=1"
        let outcome = try await Turnstile.processors.pass {
            try await ChildProcess.run(
                "ffmpeg",
                [
                    "-nostdin", "-v", "error", "-copyts", "-noautorotate", "-i", "file:" + path, "-map", "0:V:0",
                    "-fps_mode", "passthrough",
                    "-vf", "\(strip),scale=\(DrawnFilm.bits):1:flags=area,format=gray", "-f", "rawvideo", "-",
                ])
        }
        guard outcome.isSuccess else {
            throw FrameTruth.CannotDecode(
                description: "\(path): ffmpeg ended with \(outcome.ending): \(outcome.errors)")
        }
        return stride(from: 0, to: outcome.outputBytes.count, by: DrawnFilm.bits).map { start in
            (0..<DrawnFilm.bits).reduce(0) { number, bit in
                number | (outcome.outputBytes[start + bit] > 127 ? 1 << bit : 0)
            }
        }
    }
}
