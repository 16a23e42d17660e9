// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CHiredis

/// What Redis answers.
///
/// Source: <https://redis.io/docs/latest/develop/reference/protocol-spec/> (RESP2)
enum RedisReply: Sendable, Equatable {
    case text(String)
    case integer(Int64)
    case list([RedisReply])
    case absent
    /// It did not do it, and says why.
    case refusal(String)

    /// Copies a reply of the C library, which stays the caller's.
    init(_ reply: redisReply) {
        switch reply.type {
        case REDIS_REPLY_INTEGER: self = .integer(reply.integer)
        case REDIS_REPLY_NIL: self = .absent
        case REDIS_REPLY_ERROR: self = .refusal(Self.text(of: reply))
        case REDIS_REPLY_ARRAY:
            self = .list((0..<Int(reply.elements)).map { reply.element[$0].map { RedisReply($0.pointee) } ?? .absent })
        default: self = .text(Self.text(of: reply))
        }
    }

    /// The text, when it is one.
    var text: String? { if case .text(let text) = self { text } else { nil } }
    /// The number, when it is one.
    var integer: Int64? { if case .integer(let number) = self { number } else { nil } }
    /// The elements, when it is a list.
    var list: [RedisReply]? { if case .list(let elements) = self { elements } else { nil } }

    private static func text(of reply: redisReply) -> String {
        let bytes = UnsafeRawBufferPointer(start: reply.str, count: reply.str == nil ? 0 : Int(reply.len))
        return String(decoding: bytes, as: UTF8.self)
    }
}
