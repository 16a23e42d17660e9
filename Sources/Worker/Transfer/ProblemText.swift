// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletPorts
import MartletWire

/// What an answer with an error status says.
enum ProblemText {
    /// The stable name of the error; empty when the answer has none.
    static func code(of answer: HTTPAnswer) -> String { problem(answer)?.code ?? "" }

    /// One line for people.
    static func line(of answer: HTTPAnswer) -> String {
        problem(answer)?.detail ?? "it answered with status \(answer.status)"
    }

    private static func problem(_ answer: HTTPAnswer) -> Problem? {
        try? MessageText.decode(Problem.self, from: answer.body)
    }
}
