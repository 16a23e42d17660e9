// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

// Serves a film as a stream, looks at its first segment, and stops: Stream FILM CACHE

import Foundation
import FoundationNetworking
import Martlet

let arguments = CommandLine.arguments.dropFirst()
guard arguments.count == 2, let film = arguments.first, let cache = arguments.last else {
    print("usage: Stream FILM CACHE")
    exit(2)
}

let hls = HLSController(cacheDirectory: cache, distributed: .init(enabled: true))
do {
    let url = try await hls.start(serving: film)
    let name = URL(filePath: film).lastPathComponent
    for part in ["master.m3u8", "original/index.m3u8", "original/0.m4s"] {
        guard let address = URL(string: "\(url)/hls/\(name)/\(part)") else { continue }
        let (data, _) = try await URLSession.shared.data(from: address)
        print("\(address.path): \(data.count) bytes")
    }
    await hls.stop()
} catch {
    await hls.stop()
    print(error)
    exit(1)
}
