// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// A language as ISO 639-2 names it, in three letters.
///
/// Twenty languages have two codes there, one for terminology (`deu`) and one
/// for bibliography (`ger`); containers differ in which they take.
///
/// Source: <https://www.loc.gov/standards/iso639-2/php/code_list.php>
struct LanguageCode: Equatable {
    /// The code for terminology where there are two.
    let code: String

    /// Takes any of a language's codes.
    init(_ code: String) {
        let lower = code.lowercased()
        self.code = Self.pairs.first { $0.bibliographic == lower }?.terminological ?? lower
    }

    /// The code that the MOV muxer knows; `nil` for languages without a number in QuickTime.
    ///
    /// libavformat 59 writes QuickTime's numbers alone into MOV, and finds them
    /// by these spellings.
    var quickTime: String? {
        let other = Self.pairs.first { $0.terminological == code }?.bibliographic ?? code
        return [code, other].first { Self.quickTimeCodes.contains($0) }
    }

    private static let pairs: [(bibliographic: String, terminological: String)] = [
        ("alb", "sqi"), ("arm", "hye"), ("baq", "eus"), ("bur", "mya"), ("chi", "zho"), ("cze", "ces"), ("dut", "nld"),
        ("fre", "fra"), ("geo", "kat"), ("ger", "deu"), ("gre", "ell"), ("ice", "isl"), ("mac", "mkd"), ("mao", "mri"),
        ("may", "msa"), ("per", "fas"), ("rum", "ron"), ("slo", "slk"), ("tib", "bod"), ("wel", "cym"),
    ]

    private static let quickTimeCodes: Set<String> = [
        "eng", "fra", "ger", "ita", "dut", "spa", "dan", "por", "nor", "heb", "jpn", "ara", "fin", "gre", "ice", "mlt",
        "tur", "chi", "urd", "hin", "tha", "kor", "lit", "pol", "hun", "est", "lav", "rus", "alb", "ron", "ces", "slk",
        "slv", "yid", "mac", "bul", "ukr", "bel", "uzb", "kaz", "aze", "arm", "geo", "mon", "tib", "nep", "san", "mar",
        "ben", "guj", "mal", "kan", "tam", "tel", "bur", "khm", "lao", "vie", "ind", "tgl", "may", "amh", "som", "swa",
        "epo",
    ]
}
