// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletScheduling
import Testing

@Suite struct LocalSlotsTests {
    @Test(arguments: [
        // requested, processors, MiB of memory, MiB an encode -> slots
        (0, 8, 32_768, 300, 8), (0, 8, 2_048, 512, 3), (0, 2, 256, 1_000, 1), (0, 0, 8_192, 300, 1),
        (0, 4, 8_192, 0, 4), (0, 64, 16_384, 1_200, 10), (3, 8, 256, 1_000, 3), (16, 2, 8_192, 300, 16),
    ])
    func areAsManyAsProcessorsAndMemoryAllow(
        _ requested: Int, _ processors: Int, _ memory: Int64, _ each: Int64, _ expected: Int
    ) {
        let slots = LocalSlots.count(
            requested: requested, processors: processors, memory: .mebibytes(memory), memoryPerEncode: .mebibytes(each))
        #expect(slots == expected)
    }
}
