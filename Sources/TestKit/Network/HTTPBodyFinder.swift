// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// Finds the bodies of HTTP/1.1 messages as their bytes pass in one direction of a connection.
struct HTTPBodyFinder {
    /// What stands in front of a body.
    struct Head {
        /// The request's or status line.
        var start: Substring
        private var fields: [Substring]

        fileprivate init(_ text: String) {
            let lines = text.split(separator: "\r\n")
            start = lines.first ?? ""
            fields = Array(lines.dropFirst())
        }

        /// The value of a field; `nil` when it is not there.
        func field(_ name: String) -> String? {
            fields.first { $0.lowercased().hasPrefix(name.lowercased() + ":") }.map {
                String($0.dropFirst(name.count + 1).drop { $0 == " " })
            }
        }

        /// How long the body is by its own account; `nil` when that is not said in advance.
        var length: Int? {
            if field("Transfer-Encoding") != nil { return nil }
            return field("Content-Length").map { Int($0) ?? 0 } ?? 0
        }
    }

    /// A part of a body.
    struct Part {
        /// Where it lies among the bytes that passed.
        var range: Range<Int>
        /// How many bytes of its body came before.
        var offset: Int
    }

    private enum Stage {
        case head([UInt8])
        case body(offset: Int, length: Int)
        /// Something else than messages, to the end.
        case raw
    }

    private var stage = Stage.head([])

    /// Takes bytes in their order.
    ///
    /// - Parameter length: how long the body behind a head is; `nil` for one that ends with the connection, and for what
    ///   is no HTTP any more.
    mutating func take(_ bytes: [UInt8], length: (Head) -> Int?) -> [Part] {
        var parts: [Part] = []
        var position = 0
        while position < bytes.count {
            switch stage {
            case .raw: return parts
            case .head(var head):
                head.append(bytes[position])
                position += 1
                stage = .head(head)
                guard head.suffix(4) == Array("\r\n\r\n".utf8)[...] else { continue }
                switch length(Head(String(decoding: head, as: UTF8.self))) {
                case nil: stage = .raw
                case 0: stage = .head([])
                case .some(let length): stage = .body(offset: 0, length: length)
                }
            case .body(let offset, let length):
                let count = min(length - offset, bytes.count - position)
                parts.append(Part(range: position..<position + count, offset: offset))
                position += count
                stage = offset + count == length ? .head([]) : .body(offset: offset + count, length: length)
            }
        }
        return parts
    }
}
