// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// What a pixel format stores, read from FFmpeg's name of it.
///
/// Source: <https://ffmpeg.org/doxygen/trunk/pixfmt_8h.html>
struct PixelLayout: Sendable, Equatable {
    /// How colour is stored.
    enum Family: Sendable { case yuv, rgb, gray }

    /// How colour is stored.
    var family: Family
    /// Bits per component.
    var depth: Int
    /// Chroma samples are halved (or quartered) so many times across and down; 0 for RGB and grey.
    var chromaShift: (across: Int, down: Int)
    /// Whether there is an alpha component.
    var hasAlpha: Bool
    /// Whether the name itself says "full range" (`yuvj420p`).
    var isFullRangeByName: Bool

    /// Reads a name such as `yuv420p10le`; `nil` for hardware and unknown formats.
    init?(_ name: String) {
        var text = Substring(name)
        for ending in ["le", "be"] where text.hasSuffix(ending) { text.removeLast(2) }
        (family, depth, chromaShift, hasAlpha, isFullRangeByName) = (.yuv, 8, (0, 0), false, false)
        if let known = Self.irregular[String(text)] {
            (family, depth, chromaShift, hasAlpha) = (known.family, known.depth, known.shift, known.alpha)
            return
        }
        if text.hasPrefix("gray") {
            family = .gray
            text.removeFirst(4)
        } else if text.hasPrefix("gbr") {
            family = .rgb
            text.removeFirst(3)
            hasAlpha = text.hasPrefix("a")
            text = text.drop { $0 == "a" }
            guard text.first == "p" else { return nil }
            text.removeFirst()
        } else if text.hasPrefix("yuv") {
            text.removeFirst(3)
            hasAlpha = text.hasPrefix("a")
            isFullRangeByName = text.hasPrefix("j")
            text = text.drop { $0 == "a" || $0 == "j" }
            guard let shift = Self.shifts[String(text.prefix(3))] else { return nil }
            chromaShift = shift
            text.removeFirst(3)
            guard text.first == "p" else { return nil }
            text.removeFirst()
        } else {
            return nil
        }
        if text.isEmpty { return }
        guard let bits = Int(text), (9...16).contains(bits) else { return nil }
        depth = bits
    }

    private static let shifts: [String: (across: Int, down: Int)] = [
        "444": (0, 0), "440": (0, 1), "422": (1, 0), "420": (1, 1), "411": (2, 0), "410": (2, 2),
    ]

    private struct Known: Sendable {
        var family: Family
        var depth: Int
        var shift: (across: Int, down: Int)
        var alpha: Bool
    }

    private static let irregular: [String: Known] = {
        var table: [String: Known] = [:]
        for name in ["rgb24", "bgr24", "rgb0", "bgr0", "0rgb", "0bgr", "rgb555", "rgb565", "bgr555", "bgr565"] {
            table[name] = Known(family: .rgb, depth: 8, shift: (0, 0), alpha: false)
        }
        for name in ["rgba", "bgra", "argb", "abgr", "pal8"] {
            table[name] = Known(family: .rgb, depth: 8, shift: (0, 0), alpha: true)
        }
        for name in ["x2rgb10", "x2bgr10"] { table[name] = Known(family: .rgb, depth: 10, shift: (0, 0), alpha: false) }
        for name in ["rgb48", "bgr48"] { table[name] = Known(family: .rgb, depth: 16, shift: (0, 0), alpha: false) }
        for name in ["rgba64", "bgra64"] { table[name] = Known(family: .rgb, depth: 16, shift: (0, 0), alpha: true) }
        for name in ["nv12", "nv21"] { table[name] = Known(family: .yuv, depth: 8, shift: (1, 1), alpha: false) }
        for name in ["nv16", "uyvy422", "yuyv422", "yvyu422"] {
            table[name] = Known(family: .yuv, depth: 8, shift: (1, 0), alpha: false)
        }
        table["uyyvyy411"] = Known(family: .yuv, depth: 8, shift: (2, 0), alpha: false)
        for name in ["nv20", "y210"] { table[name] = Known(family: .yuv, depth: 10, shift: (1, 0), alpha: false) }
        table["nv24"] = Known(family: .yuv, depth: 8, shift: (0, 0), alpha: false)
        table["p010"] = Known(family: .yuv, depth: 10, shift: (1, 1), alpha: false)
        table["p012"] = Known(family: .yuv, depth: 12, shift: (1, 1), alpha: false)
        table["p016"] = Known(family: .yuv, depth: 16, shift: (1, 1), alpha: false)
        table["monow"] = Known(family: .gray, depth: 8, shift: (0, 0), alpha: false)
        table["monob"] = Known(family: .gray, depth: 8, shift: (0, 0), alpha: false)
        table["ya8"] = Known(family: .gray, depth: 8, shift: (0, 0), alpha: true)
        table["ya16"] = Known(family: .gray, depth: 16, shift: (0, 0), alpha: true)
        return table
    }()

    static func == (left: PixelLayout, right: PixelLayout) -> Bool {
        left.family == right.family && left.depth == right.depth && left.chromaShift == right.chromaShift
            && left.hasAlpha == right.hasAlpha && left.isFullRangeByName == right.isFullRangeByName
    }

    /// What a picture loses when it is stored in `other`, dearest first; 0 for nothing.
    func loss(in other: PixelLayout) -> Int {
        var loss = 0
        if other.depth < depth { loss += 1_000 * (depth - other.depth) }
        if family != .gray, other.family == .gray { loss += 100_000 }
        if family == .yuv, other.family == .rgb { loss += 400 }
        if family == .rgb, other.family == .yuv { loss += 300 }
        if family != .gray, other.family == .yuv {
            let own = family == .rgb ? (across: 0, down: 0) : chromaShift
            loss += 500 * max(0, other.chromaShift.across - own.across)
            loss += 500 * max(0, other.chromaShift.down - own.down)
        }
        if hasAlpha, !other.hasAlpha { loss += 200 }
        return loss
    }

    /// What is stored in `other` for nothing; breaks ties between formats that lose the same.
    func excess(in other: PixelLayout) -> Int {
        var excess = 4 * max(0, other.depth - depth)
        if other.hasAlpha, !hasAlpha { excess += 40 }
        if family == .gray, other.family != .gray { excess += 3 }
        if family == .yuv, other.family == .yuv {
            excess += 20 * max(0, chromaShift.across - other.chromaShift.across)
            excess += 20 * max(0, chromaShift.down - other.chromaShift.down)
        }
        if family == .gray, other.family == .yuv {
            excess += 4 - other.chromaShift.across - other.chromaShift.down
        }
        return excess
    }

    /// The format of `candidates` that keeps most of a picture in `source`, the first of equals.
    static func nearest(to source: String, in candidates: [String]) -> String? {
        guard let layout = PixelLayout(source) else { return candidates.first }
        let plain = source.hasPrefix("yuvj") ? "yuv" + source.dropFirst(4) : source
        if candidates.contains(plain) { return plain }
        var best: (name: String, loss: Int, excess: Int)?
        for name in candidates {
            guard let candidate = PixelLayout(name) else { continue }
            let (loss, excess) = (layout.loss(in: candidate), layout.excess(in: candidate))
            if let found = best, (found.loss, found.excess) <= (loss, excess) { continue }
            best = (name, loss, excess)
        }
        return best?.name
    }
}
