// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import Glibc

/// A port of 127.0.0.1 that is kept for one test for as long as this lives.
///
/// The system gives it to nobody who asks for any port, and connections to it are refused, until a program that is told
/// its number listens there. Such a program must set `SO_REUSEADDR`, as most servers do.
package final class ReservedPort: Sendable {
    /// Its number.
    package let number: Int
    private let descriptor: Int32

    /// Takes a free port.
    ///
    /// - Throws: `POSIXError` when there is none.
    package init() throws { (descriptor, number) = try LoopbackSocket.bound() }

    deinit { close(descriptor) }
}
