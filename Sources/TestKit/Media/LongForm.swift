// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation

/// The long forms of the tests: more films, more seeds, more patience than a run after every change can have.
package enum LongForm {
    /// Whether they were asked for, by `MARTLET_LONG=1`.
    package static let isWanted = ProcessInfo.processInfo.environment["MARTLET_LONG"] == "1"
}
