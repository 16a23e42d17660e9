// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel
internal import MartletWire

/// What can be played, as `/library.json` says it.
struct LibraryMessage: Encodable {
    /// A film.
    struct Film: Encodable {
        /// The last part of its path.
        var name: String
        /// Its path below the directory that is served.
        var path: String
        /// Where its streams begin, relative to the server.
        var url: String
        var sizeBytes: Int64
        /// When it was last modified, in seconds since 1970.
        var modifiedS: Int64

        enum CodingKeys: String, CodingKey {
            case name, path, url
            case sizeBytes = "size_bytes"
            case modifiedS = "modified_s"
        }

        init(_ film: FilmLibrary.Film) {
            name = film.name
            path = film.path
            url = "/hls/" + LibraryMessage.encoded(film.path) + "/master.m3u8"
            sizeBytes = film.size.bytes
            modifiedS = film.modifiedNanoseconds / 1_000_000_000
        }
    }

    /// A directory.
    struct Directory: Encodable {
        /// The last part of its path.
        var name: String
        /// Its path below the directory that is served.
        var path: String
        /// Where its own list is, relative to the server.
        var url: String

        init(_ path: String) {
            name = path.split(separator: "/").last.map(String.init) ?? path
            self.path = path
            url = "/library.json?directory=" + PercentEncoding.encoded(path)
        }
    }

    /// The directory that this is the list of; `nil` when it is of all films.
    var directory: String?
    /// The directories in it; `nil` when it is of all films.
    var directories: [Directory]?
    var films: [Film]

    /// A path as a part of an address.
    static func encoded(_ path: String) -> String {
        path.split(separator: "/").map { PercentEncoding.encoded(String($0)) }.joined(separator: "/")
    }
}
