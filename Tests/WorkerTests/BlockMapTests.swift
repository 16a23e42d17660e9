// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Testing

@testable import MartletWorker

/// What of a source is here.
@Suite struct BlockMapTests {
    private let block = BlockMap.blockSize

    @Test("Every byte lies in one block, and the last block ends with the file")
    func layout() {
        let map = BlockMap(size: 2 * block + 5)
        #expect(map.blocks == 0..<3)
        #expect(map.bytes(of: 2) == 2 * block..<2 * block + 5)
        #expect(map.blocks(of: 0..<1) == 0..<1)
        #expect(map.blocks(of: block - 1..<block + 1) == 0..<2)
        #expect(map.blocks(of: 2 * block..<99 * block) == 2..<3)
        #expect(map.blocks(of: 50 * block..<99 * block).isEmpty)
        #expect(BlockMap(size: 0).blocks.isEmpty)
        #expect(BlockMap(size: block).blocks == 0..<1)
    }

    @Test("The block that was used least lately goes first, and kept ones stay")
    func eviction() {
        var map = BlockMap(size: 5 * block)
        for number in [3, 0, 1, 2, 3] { map.use(number) }
        #expect(map.count == 4)
        #expect(map.removeOldest(2) { $0 == 0 } == [1, 2])
        #expect(map.contains(0) && map.contains(3) && !map.contains(1))
        #expect(map.count == 2)
        #expect(map.removeOldest(9) { _ in false } == [0, 3])
        #expect(map.count == 0)
    }
}
