// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel

/// Decides which encoder options of users are taken.
///
/// Options come over the network too, so only those on a list pass: nothing
/// that names a file, and nothing that would make results differ between
/// machines or segments differ from each other.
enum EncoderOptionRules {
    /// The option that holds the encoder's own settings (`x264-params`); `nil` when it has none.
    static func parameterKey(of family: EncoderProfile.Family) -> String? {
        switch family {
        case .x264: "x264-params"
        case .x265: "x265-params"
        case .svtav1: "svtav1-params"
        case .aom: "aom-params"
        case .vpx, .ffv1, .nvenc, .qsv, .vaapi, .amf, .videotoolbox: nil
        }
    }

    /// The user's options, checked, with the encoder's own settings taken apart.
    ///
    /// - Throws: `PlanningError` with code `optionRefused`, with the reason.
    static func checked(
        _ options: [EncoderOption], for profile: EncoderProfile
    ) throws(PlanningError) -> (options: [EncoderOption], parameters: [EncoderOption]) {
        var plain: [EncoderOption] = []
        var parameters: [EncoderOption] = []
        for option in options {
            let key = option.key.hasSuffix(":v") ? String(option.key.dropLast(2)) : option.key
            if key == parameterKey(of: profile.family) || (key == "x264opts" && profile.family == .x264) {
                for part in option.value.split(separator: ":") {
                    let pair = part.split(separator: "=", maxSplits: 1)
                    let value = pair.count > 1 ? String(pair[1]) : "1"
                    guard let name = pair.first.map(String.init) else { continue }
                    try check(name, value, profile, isParameter: true)
                    parameters.append(EncoderOption(name, value))
                }
                continue
            }
            // The encoder's own settings may be named alone too: `film-grain=8` for `svtav1-params=film-grain=8`.
            let isParameter =
                !general.union(self.options(of: profile.family)).contains(key)
                && self.parameters(of: profile.family).contains(key)
            try check(key, option.value, profile, isParameter: isParameter)
            if isParameter {
                parameters.append(EncoderOption(key, option.value))
            } else {
                plain.append(EncoderOption(key, option.value))
            }
        }
        return (plain, parameters)
    }

    private static func check(
        _ key: String, _ value: String, _ profile: EncoderProfile, isParameter: Bool
    ) throws(PlanningError) {
        if let reason = refusals[key] {
            throw PlanningError(
                .optionRefused, "The encoder option \"\(key)\" cannot be set: \(reason).",
                advice: reason.hasPrefix("use ") ? nil : "Leave it out; `martlet transcode --help` lists the options.")
        }
        let allowed = isParameter ? parameters(of: profile.family) : general.union(options(of: profile.family))
        guard allowed.contains(key) else {
            throw PlanningError(
                .optionRefused, "The encoder option \"\(key)\" is not one that Martlet hands to \(profile.name).",
                advice: "It takes: \(allowed.sorted().joined(separator: ", ")).")
        }
        let isPlain = value.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
            case UInt8(ascii: "0")...UInt8(ascii: "9"): true
            case UInt8(ascii: "."), UInt8(ascii: ","), UInt8(ascii: "_"), UInt8(ascii: "+"), UInt8(ascii: "-"): true
            case UInt8(ascii: "("), UInt8(ascii: ")"): true
            // As in `-deblock -1:-1`; among an encoder's own settings it parts them.
            case UInt8(ascii: ":"): !isParameter
            default: false
            }
        }
        guard isPlain, !value.isEmpty else {
            throw PlanningError(
                .optionRefused,
                "The value \"\(value)\" of the encoder option \"\(key)\" is not a plain word or number.",
                advice: "Write letters, digits and . , _ + - ( ) alone.")
        }
    }

    /// Options that Martlet sets itself, and why.
    private static let refusals: [String: String] = {
        var table: [String: String] = [:]
        let threads = "every encode runs on one thread, so that results do not depend on the machine"
        for key in [
            "threads", "thread_type", "row-mt", "lookahead-threads", "lookahead_threads", "sliced-threads",
            "sync-lookahead", "frame-threads", "pools", "numa-pools", "lp", "wpp", "pmode", "pme", "opencl", "slices",
            "asm", "cpu-independent", "tile_rows", "tile_columns",
        ] { table[key] = threads }
        let files = "it names a file"
        for key in [
            "stats", "passlogfile", "qpfile", "dump-yuv", "recon", "csv", "lambda-file", "scaling-list",
            "analysis-save",
            "analysis-load", "dolby-vision-rpu", "dhdr10-info", "cqmfile", "input", "output", "zonefile",
            "film-grain-table",
            "stat-file", "opencl-clbin", "vpre", "fpre",
        ] { table[key] = files }
        let joint = "Martlet sets it, so that segments fit together"
        for key in [
            "stitchable", "info", "repeat-headers", "annexb", "aud", "force-cfr", "fps", "pass", "flags", "flags2",
            "frames", "seek", "vbv-init", "f", "i", "ss", "t", "to", "map", "y", "n", "vf", "af", "filter",
            "filter_complex", "force_key_frames", "c", "codec", "vcodec", "vsync", "fps_mode", "enc_time_base",
        ] { table[key] = joint }
        for (key, option) in [
            ("crf", "--crf"), ("qp", "--crf"), ("cq", "--crf"), ("preset", "--preset"), ("cpu-used", "--preset"),
            ("b", "--bitrate"), ("bitrate", "--bitrate"), ("pix_fmt", "--pixel-format"), ("r", "--frame-rate"),
            ("s", "--resolution"), ("input-res", "--resolution"), ("tbr", "--bitrate"), ("rc", "--bitrate or --crf"),
        ] { table[key] = "use \(option)" }
        return table
    }()

    private static let general: Set<String> = [
        "g", "keyint_min", "bf", "refs", "qmin", "qmax", "qdiff", "qcomp", "maxrate", "bufsize", "profile", "level",
    ]

    private static func options(of family: EncoderProfile.Family) -> Set<String> {
        switch family {
        case .x264:
            [
                "tune", "aq-mode", "aq-strength", "psy", "psy-rd", "rc-lookahead", "weightp", "weightb", "b-pyramid",
                "mixed-refs", "8x8dct", "fast-pskip", "mbtree", "deblock", "cplxblur", "partitions", "direct-pred",
                "b_strategy", "sc_threshold", "me_range", "subq", "trellis", "coder", "crf_max", "nal-hrd",
            ]
        case .x265: ["tune", "forced-idr"]
        case .svtav1: ["tier"]
        case .aom:
            [
                "tune", "aq-mode", "lag-in-frames", "arnr-max-frames", "arnr-strength", "auto-alt-ref",
                "denoise-noise-level", "denoise-block-size", "enable-cdef", "enable-restoration", "enable-intrabc",
                "usage", "undershoot-pct", "overshoot-pct",
            ]
        case .vpx:
            [
                "tune", "tune-content", "aq-mode", "lag-in-frames", "arnr-maxframes", "arnr-strength", "arnr-type",
                "auto-alt-ref", "deadline", "quality", "static-thresh", "sharpness", "undershoot-pct",
                "overshoot-pct", "noise-sensitivity", "enable-tpl",
            ]
        case .ffv1: ["coder", "context", "level", "slicecrc"]
        case .nvenc:
            [
                "tune", "tier", "rc-lookahead", "spatial-aq", "temporal-aq", "aq-strength", "multipass", "b_ref_mode",
                "weighted_pred", "nonref_p", "strict_gop", "no-scenecut",
            ]
        case .qsv: ["look_ahead", "look_ahead_depth", "extbrc", "adaptive_i", "adaptive_b", "b_strategy", "low_power"]
        case .vaapi: ["low_power", "b_depth", "quality", "coder", "tier"]
        case .amf: ["usage", "quality", "vbaq", "preanalysis", "tier"]
        case .videotoolbox: ["allow_sw", "realtime", "prio_speed"]
        }
    }

    private static func parameters(of family: EncoderProfile.Family) -> Set<String> {
        switch family {
        case .x264:
            [
                "keyint", "min-keyint", "scenecut", "bframes", "b-adapt", "b-bias", "b-pyramid", "open-gop", "no-cabac",
                "cabac", "ref", "deblock", "no-deblock", "me", "merange", "subme", "trellis", "psy-rd", "no-psy",
                "mixed-refs", "no-mixed-refs", "chroma-me", "no-chroma-me", "8x8dct", "no-8x8dct", "fast-pskip",
                "no-fast-pskip", "dct-decimate", "no-dct-decimate", "nr", "deadzone-inter", "deadzone-intra",
                "direct", "weightb", "no-weightb", "weightp", "aq-mode", "aq-strength", "rc-lookahead", "mbtree",
                "no-mbtree", "qcomp", "qpmin", "qpmax", "qpstep", "ipratio", "pbratio", "chroma-qp-offset",
                "vbv-maxrate", "vbv-bufsize", "crf-max", "cplxblur", "qblur", "level", "nal-hrd", "partitions",
                "analyse", "colorprim", "transfer", "colormatrix", "range", "fullrange", "chromaloc", "videoformat",
                "overscan", "bluray-compat",
            ]
        case .x265:
            [
                "keyint", "min-keyint", "scenecut", "bframes", "b-adapt", "b-pyramid", "open-gop", "no-open-gop",
                "ref", "deblock", "no-deblock", "sao", "no-sao", "limit-sao", "me", "merange", "subme", "rd",
                "rdoq-level", "psy-rd", "psy-rdoq", "aq-mode", "aq-strength", "aq-motion", "rc-lookahead", "cutree",
                "no-cutree", "qcomp", "qpmin", "qpmax", "qpstep", "ipratio", "pbratio", "cbqpoffs", "crqpoffs",
                "vbv-maxrate", "vbv-bufsize", "crf-max", "crf-min", "level-idc", "high-tier", "no-high-tier", "ctu",
                "min-cu-size", "max-merge", "rect", "no-rect", "amp", "no-amp", "limit-refs", "limit-modes",
                "weightp", "no-weightp", "weightb", "no-weightb", "strong-intra-smoothing",
                "no-strong-intra-smoothing", "tu-inter-depth", "tu-intra-depth", "early-skip", "rskip", "fades",
                "hist-scenecut", "nr-intra", "nr-inter", "tskip", "signhide", "no-signhide", "hdr10-opt", "log-level",
                "lookahead-slices", "gop-lookahead", "hme", "cu-lossless",
            ]
        case .svtav1:
            [
                "tune", "film-grain", "film-grain-denoise", "enable-tf", "enable-overlays", "scd", "lookahead",
                "hierarchical-levels", "aq-mode", "enable-qm", "qm-min", "qm-max", "enable-cdef", "enable-restoration",
                "enable-dlf", "fast-decode", "scm", "profile", "level", "tier", "irefresh-type", "enable-mfmv",
                "max-qp", "min-qp", "bias-pct",
            ]
        case .aom:
            [
                "enable-qm", "qm-min", "qm-max", "tune", "deltaq-mode", "enable-keyframe-filtering",
                "enable-fwd-kf", "enable-tpl-model", "aq-mode", "enable-cdef", "enable-restoration", "sharpness",
                "enable-chroma-deltaq", "disable-trellis-quant", "quant-b-adapt", "mv-cost-upd-freq",
                "coeff-cost-upd-freq", "mode-cost-upd-freq", "arnr-strength", "arnr-maxframes", "film-grain-test",
            ]
        case .vpx, .ffv1, .nvenc, .qsv, .vaapi, .amf, .videotoolbox: []
        }
    }
}
