// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Glibc

/// An absolute path, without `.`, `..` and doubled slashes.
struct FilePath: Equatable {
    /// The path's text.
    let text: String

    /// Makes a path absolute, from the current directory when it is relative.
    /// Symbolic links stay as they are.
    init(_ path: String) {
        var parts: [Substring] = []
        let whole = path.hasPrefix("/") ? path : Self.currentDirectory + "/" + path
        for part in whole.split(separator: "/") {
            switch part {
            case ".": continue
            case "..": _ = parts.popLast()
            default: parts.append(part)
            }
        }
        text = "/" + parts.joined(separator: "/")
    }

    /// The path of the directory that it is in.
    var directory: String {
        guard let slash = text.lastIndex(of: "/"), slash != text.startIndex else { return "/" }
        return String(text[..<slash])
    }

    /// The last part.
    var name: String { text.split(separator: "/").last.map(String.init) ?? "" }

    private static var currentDirectory: String {
        guard let buffer = getcwd(nil, 0) else { return "" }
        defer { free(buffer) }
        return String(cString: buffer)
    }
}
