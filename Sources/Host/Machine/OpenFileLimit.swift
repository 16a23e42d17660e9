// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import Glibc

/// How many files and connections this process may have open.
package enum OpenFileLimit {
    /// Raises it to what the system allows; does nothing where that is not allowed. The usual limit is 1024, of which
    /// users may raise it themselves.
    package static func raise() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
