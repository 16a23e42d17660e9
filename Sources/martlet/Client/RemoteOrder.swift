// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import FoundationEssentials
import MartletModel
import MartletPorts
import MartletWire

/// A film that a cluster is to transcode, with files that may be on this machine alone.
struct RemoteOrder: Sendable {
    /// What options say.
    var settings: Settings
    /// The source: a file of this machine, or an address of the cluster's.
    var input: Place
    /// The output, likewise.
    var output: Place

    /// Where a file is.
    enum Place: Sendable, Equatable {
        /// At this absolute path of this machine.
        case here(String)
        /// In a media root, as `ROOT:path`.
        case there(String)

        /// What a user typed: an address when it has its form and no file here is called so.
        init(_ text: String) {
            let root = text.prefix { $0 != ":" }
            let isAddress =
                root.count < text.count - 1 && !root.isEmpty && !root.contains("/")
                && !text.dropFirst(root.count).hasPrefix("://") && !FileManager.default.fileExists(atPath: text)
            self = isAddress ? .there(text) : .here(FilePath(text).text)
        }

        /// How the coordinator is asked for it first.
        var text: String {
            switch self {
            case .here(let text), .there(let text): text
            }
        }
    }

    /// The submission, with a source and an output that the coordinator knows.
    ///
    /// - Throws: `CommandLineError`.
    func submission(source: String? = nil, output: String? = nil) throws -> JobSubmission {
        var submission = try SubmissionBuilder(settings: settings).submission(
            source: source ?? input.text, output: output ?? self.output.text)
        if submission.name == nil, case .here(let path) = input { submission.name = FilePath(path).name }
        return submission
    }

    /// What the source is called where it is sent; another content has another name.
    func uploadName(_ content: Fingerprint) -> String {
        var hash = StableHash()
        hash.combine(content)
        return hash.text + "-" + Self.short(FilePath(input.text).name)
    }

    /// What the output is called there; the same command on the same film means the same one.
    ///
    /// - Parameter content: the source's, when it is a file of this machine.
    /// - Throws: `CommandLineError`.
    func outputName(_ content: Fingerprint?) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        var wanted = try submission()
        (wanted.overwrite, wanted.priority, wanted.callbackURL) = (nil, nil, nil)
        var hash = StableHash()
        hash.combine(String(decoding: try encoder.encode(wanted), as: UTF8.self))
        if let content { hash.combine(content) }
        return hash.text + "-" + Self.short(FilePath(output.text).name)
    }

    /// The end of a name, as long as a coordinator takes it: its suffix says what it is.
    private static func short(_ name: String) -> String {
        var name = Substring(name)
        while name.utf8.count > 120 { name.removeFirst() }
        return String(name)
    }
}

extension StableHash {
    fileprivate mutating func combine(_ content: Fingerprint) {
        combine(content.digest)
        combine(content.size.bytes)
        combine(content.modifiedNanoseconds)
    }

    /// Sixteen hexadecimal digits.
    fileprivate var text: String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
