// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// A language's code in containers as players of streams take it.
///
/// Source: RFC 5646, section 2.2.1: the shortest code; <https://www.loc.gov/standards/iso639-2/php/code_list.php>
package enum LanguageTag {
    /// The tag; `nil` for what says nothing.
    package static func tag(_ code: String?) -> String? {
        guard let code = code?.lowercased(), !["", "und", "mis", "zxx", "mul", "unknown"].contains(code) else {
            return nil
        }
        if let short = table.first(where: { $0.codes.contains(code) })?.tag { return short }
        let isPlain = code.utf8.allSatisfy {
            $0 == UInt8(ascii: "-") || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
        }
        return isPlain && (2...12).contains(code.utf8.count) ? code : nil
    }

    /// The language's own name; `nil` when it is none of the common ones.
    package static func name(_ tag: String?) -> String? { table.first { $0.tag == tag }?.name }

    private static let table: [(tag: String, codes: [String], name: String)] = [
        ("en", ["eng"], "English"), ("de", ["deu", "ger"], "Deutsch"), ("fr", ["fra", "fre"], "Français"),
        ("es", ["spa"], "Español"), ("it", ["ita"], "Italiano"), ("pt", ["por"], "Português"),
        ("nl", ["nld", "dut"], "Nederlands"), ("sv", ["swe"], "Svenska"), ("da", ["dan"], "Dansk"),
        ("no", ["nor"], "Norsk"), ("nb", ["nob"], "Norsk bokmål"), ("nn", ["nno"], "Norsk nynorsk"),
        ("fi", ["fin"], "Suomi"), ("is", ["isl", "ice"], "Íslenska"), ("et", ["est"], "Eesti"),
        ("lv", ["lav"], "Latviešu"), ("lt", ["lit"], "Lietuvių"), ("pl", ["pol"], "Polski"),
        ("cs", ["ces", "cze"], "Čeština"), ("sk", ["slk", "slo"], "Slovenčina"), ("hu", ["hun"], "Magyar"),
        ("ro", ["ron", "rum"], "Română"), ("bg", ["bul"], "Български"), ("hr", ["hrv"], "Hrvatski"),
        ("sr", ["srp"], "Српски"), ("sl", ["slv"], "Slovenščina"), ("el", ["ell", "gre"], "Ελληνικά"),
        ("tr", ["tur"], "Türkçe"), ("ru", ["rus"], "Русский"), ("uk", ["ukr"], "Українська"),
        ("he", ["heb"], "עברית"), ("ar", ["ara"], "العربية"), ("fa", ["fas", "per"], "فارسی"),
        ("hi", ["hin"], "हिन्दी"), ("ta", ["tam"], "தமிழ்"), ("te", ["tel"], "తెలుగు"), ("bn", ["ben"], "বাংলা"),
        ("th", ["tha"], "ไทย"), ("vi", ["vie"], "Tiếng Việt"), ("id", ["ind"], "Bahasa Indonesia"),
        ("ms", ["msa", "may"], "Bahasa Melayu"), ("ja", ["jpn"], "日本語"), ("ko", ["kor"], "한국어"),
        ("zh", ["zho", "chi"], "中文"), ("ca", ["cat"], "Català"), ("eu", ["eus", "baq"], "Euskara"),
        ("gl", ["glg"], "Galego"), ("ga", ["gle"], "Gaeilge"), ("cy", ["cym", "wel"], "Cymraeg"),
        ("la", ["lat"], "Latina"), ("eo", ["epo"], "Esperanto"), ("mk", ["mkd", "mac"], "Македонски"),
        ("sq", ["sqi", "alb"], "Shqip"), ("ka", ["kat", "geo"], "ქართული"), ("hy", ["hye", "arm"], "Հայերեն"),
    ]
}
