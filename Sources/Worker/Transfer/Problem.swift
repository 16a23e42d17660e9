// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletPorts
import MartletWire

/// What an answer with an error status says, as problem JSON (RFC 9457).
struct Problem {
    /// The stable name of the error; empty when the answer has none.
    let code: String
    /// One line for people.
    let text: String

    private struct Fields: Decodable {
        var code: String?
        var title: String?
        var detail: String?
    }

    /// Reads an answer.
    init(_ answer: HTTPAnswer) {
        let fields = try? MessageText.decode(Fields.self, from: answer.body)
        code = fields?.code ?? ""
        text = fields?.detail ?? fields?.title ?? "it answered with status \(answer.status)"
    }
}
