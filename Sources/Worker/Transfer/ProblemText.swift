// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletPorts
import MartletWire

/// What an answer with an error status says.
enum ProblemText {
    /// The stable name of the error; empty when the answer has none.
    static func code(of answer: HTTPAnswer) -> String { problem(answer)?.code ?? "" }

    /// Whether the error has this name, whichever part of the coordinator names it.
    static func isProblem(_ answer: HTTPAnswer, _ reason: String) -> Bool {
        code(of: answer).hasSuffix("." + reason)
    }

    /// One line for people.
    static func line(of answer: HTTPAnswer) -> String {
        problem(answer)?.detail ?? "it answered with status \(answer.status)"
    }

    private static func problem(_ answer: HTTPAnswer) -> Problem? {
        try? MessageText.decode(Problem.self, from: answer.body)
    }
}
