// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletPorts
import MartletTestKit
import Testing

@Suite struct MemoryJobStoreTests {
    @Test func doesWhatEveryJobStoreMustDo() async throws {
        try await JobStoreConformance.exercise { MemoryJobStore() }
    }
}
