// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel

extension StreamPlan {
    /// The segment that a file of a rendition with picture or sound belongs to, the first for its head (`init.mp4`);
    /// `nil` when it has no such file.
    package func segment(ofFile file: String, rendition: String) -> Int? {
        guard part(of: rendition, segment: 0) != nil else { return nil }
        if file == "init.mp4" { return options.container == .mp4 ? 0 : nil }
        let suffix = "." + options.container.suffix
        guard file.hasSuffix(suffix), let number = Int(file.dropLast(suffix.count)), "\(number)\(suffix)" == file,
            (0..<timeline.count).contains(number)
        else { return nil }
        return number
    }

    /// The file with all of a subtitle rendition's text.
    package static let textFile = "all.vtt"

    /// Whether a file is the text of a subtitle rendition.
    package func isText(_ file: String, rendition: String) -> Bool {
        file == Self.textFile && subtitles(named: rendition) != nil
    }
}
