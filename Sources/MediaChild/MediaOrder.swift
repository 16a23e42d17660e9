// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import FoundationEssentials
internal import MartletModel

/// All that a child process gets to read: one line of JSON, and then the frame
/// list as bytes, since lists are long and a byte or two is enough for a frame.
struct MediaOrder: Equatable {
    /// What is to be done.
    var request: MediaRequest
    /// Where scans of sources are kept; `nil` for nowhere.
    var cacheDirectory: String?
    /// The frame list that the request needs.
    var index: FrameIndex?

    private struct Head: Codable {
        var request: MediaRequest
        var cacheDirectory: String?
    }

    /// Makes an order from its parts.
    init(request: MediaRequest, cacheDirectory: String?, index: FrameIndex?) {
        self.request = request
        self.cacheDirectory = cacheDirectory
        self.index = index
    }

    /// The order that the bytes hold; `nil` when they hold none.
    init?(bytes: [UInt8]) {
        guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")),
            let head = try? JSONDecoder().decode(Head.self, from: Data(bytes[..<end]))
        else { return nil }
        (request, cacheDirectory) = (head.request, head.cacheDirectory)
        let rest = bytes[(end + 1)...]
        index = rest.withUnsafeBufferPointer { IndexCoding.index(from: $0) }
        guard rest.isEmpty || index != nil else { return nil }
    }

    /// The order as bytes.
    ///
    /// - Throws: `EncodingError` when a number in it has no JSON form.
    func bytes() throws -> [UInt8] {
        let head = try JSONEncoder().encode(Head(request: request, cacheDirectory: cacheDirectory))
        return [UInt8](head) + [UInt8(ascii: "\n")] + (index.map(IndexCoding.bytes) ?? [])
    }
}
