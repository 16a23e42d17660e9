// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// A film that ffmpeg draws: moving shapes, a cut every four seconds, a tone
/// that rises from each full second to the next, and the number of each frame
/// in the picture.
///
/// The number is written as sixteen black or white squares along the upper
/// edge, least significant bit to the left, large enough to survive any
/// sensible encode. ``FrameNumbers`` reads them back.
package struct DrawnFilm: Sendable, Equatable {
    /// Frames a second, as ffmpeg reads it (`24000/1001`).
    package var rate: String
    /// The length, in seconds, of the picture before `filters`.
    package var seconds: Double
    /// The picture's size in pixels.
    package var width: Int
    /// The picture's size in pixels.
    package var height: Int
    /// Filters between the drawing and the number: a clock, fields, an aspect ratio.
    package var filters: String
    /// Filters after the number: the pixel format, for the most part.
    package var lastFilters: String
    /// The length of the tone, in seconds; `nil` for as long as the picture, 0 for silence without a track.
    package var soundSeconds: Double?
    /// Samples of the tone a second.
    package var sampleRate: Int

    /// Describes a film.
    package init(
        _ rate: String, seconds: Double, size: (Int, Int) = (320, 180), filters: String = "",
        then lastFilters: String = "format=yuv420p",
        sound soundSeconds: Double? = nil, sampleRate: Int = 48_000
    ) {
        self.rate = rate
        self.seconds = seconds
        (width, height) = size
        self.filters = filters
        self.lastFilters = lastFilters
        self.soundSeconds = soundSeconds
        self.sampleRate = sampleRate
    }

    /// How many squares a number is made of.
    static let bits = 16

    /// The edge of one square in pixels, by the picture's width.
    static func square(width: Int) -> Int { width >= 272 ? 16 : width >= 144 ? 8 : 4 }

    /// A tone as an input of ffmpeg. It rises once a second, so that no part
    /// of a second sounds like another and a shift can be measured.
    static func sound(seconds: Double, sampleRate: Int = 48_000, hertz: Int = 220) -> [String] {
        let phase = "\(hertz)*mod(t,1)+\(hertz * 2)*mod(t,1)*mod(t,1)"
        return ["-f", "lavfi", "-i", "aevalsrc='0.3*sin(2*PI*(\(phase)))':s=\(sampleRate):d=\(seconds)"]
    }

    /// The inputs and the filter chain, as arguments of ffmpeg.
    package var inputArguments: [String] {
        let (even, evenHeight) = (width + width % 2, height + height % 2)
        var arguments = ["-f", "lavfi", "-i", "testsrc2=size=\(even)x\(evenHeight):rate=\(rate):duration=\(seconds)"]
        if soundSeconds != 0 {
            arguments += Self.sound(seconds: soundSeconds ?? seconds, sampleRate: sampleRate)
        }
        let square = Self.square(width: width)
        // One pixel a bit, enlarged: to compute each pixel of the squares would cost more than the rest of the film.
        let bit = "mod(floor(N/pow(2,X)),2)"
        let number =
            "split[film][strip];[strip]crop=\(Self.bits):1:0:0:exact=1,format=gray,"
            + "geq=lum='235*\(bit)+16*eq(0,\(bit))',scale=\(Self.bits * square):\(square):flags=neighbor"
            + "[number];[film][number]overlay=0:0:format=auto"
        let size = (even, evenHeight) == (width, height) ? "" : "scale=\(width):\(height)"
        let chain = ["negate=enable='mod(floor(t/4),2)'", size, filters, number, lastFilters].filter { !$0.isEmpty }
        return arguments + ["-vf", chain.joined(separator: ",")]
    }
}
