// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletHTTP

extension CurlCaller {
    /// Calls a coordinator, with what it wants to see of this machine.
    convenience init(to connection: Connection) {
        self.init(
            configuration: CurlConfiguration(
                authorities: connection.authority, certificate: connection.identity?.certificate,
                key: connection.identity?.key))
    }
}
