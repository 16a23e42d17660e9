// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPorts
import MartletWire

/// The files of a stream, as players fetch them.
enum StreamFiles {
    /// The answer with a stream's file; 404 for everything that is no part of a stream.
    static func response(_ name: String, in directory: String, files: any FileStore) -> HTTPResponse {
        let suffix = name.split(separator: ".").last ?? ""
        guard ["m3u8", "ts"].contains(suffix), !name.hasPrefix("."), !name.contains("/"),
            let size = try? files.size(of: "\(directory)/\(name)")
        else { return HTTPResponse(status: 404) }
        return HTTPResponse(
            status: 200,
            headers: [
                "Content-Type": MediaType.of(name),
                // The playlist grows; segments never change. Players in web pages come from elsewhere.
                "Cache-Control": suffix == "m3u8" ? "no-cache" : "max-age=3600", "Access-Control-Allow-Origin": "*",
            ], body: .file(path: "\(directory)/\(name)", bytes: 0..<size.bytes))
    }

    /// The file name of a source without its suffix, as a part of a path; `stream` when nothing is left of it.
    static func name(of source: String) -> String {
        let file = source.split(separator: "/").last ?? ""
        let stem = file.lastIndex(of: ".").map { file[..<$0] } ?? file
        let plain = stem.unicodeScalars.filter { $0.value >= 32 && $0.value != 127 }
        let name = String(String.UnicodeScalarView(plain)).drop { $0 == "." || $0 == " " }
        return name.isEmpty || name.utf8.count > 150 ? "stream" : String(name)
    }
}
