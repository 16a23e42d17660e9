// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletHTTP
import MartletModel
import Testing

@Suite("Errors between machines")
struct HTTPErrorTests {
    @Test("A server that is not there may come back; a certificate that is not trusted does not")
    func retries() {
        #expect(HTTPError(.unreachable, "").isRetryable)
        #expect(!HTTPError(.untrusted, "").isRetryable)
        #expect(HTTPError(.untrusted, "").exitStatus == .clusterUnavailable)
    }
}
