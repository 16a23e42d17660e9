// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// Which blocks of a file are here, and which of them was used least lately.
struct BlockMap: Sendable, Equatable {
    /// The size of a block; the last one may be shorter.
    static let blockSize: Int64 = 1 << 20

    /// How many bytes the whole file has.
    let size: Int64
    /// When each block was used last, in a count of uses; 0: it is not here.
    private var uses: [UInt64]
    private var clock: UInt64 = 0
    /// How many blocks are here.
    private(set) var count = 0

    /// Makes the map of a file of which nothing is here.
    init(size: Int64) {
        self.size = size
        uses = Array(repeating: 0, count: Int((size + Self.blockSize - 1) / Self.blockSize))
    }

    /// The numbers of all blocks.
    var blocks: Range<Int> { uses.indices }

    /// The bytes of a block.
    func bytes(of block: Int) -> Range<Int64> {
        let start = Int64(block) * Self.blockSize
        return start..<min(start + Self.blockSize, size)
    }

    /// The blocks that hold these bytes.
    func blocks(of bytes: Range<Int64>) -> Range<Int> {
        let bytes = bytes.clamped(to: 0..<size)
        guard !bytes.isEmpty else { return 0..<0 }
        return Int(bytes.lowerBound / Self.blockSize)..<Int((bytes.upperBound - 1) / Self.blockSize) + 1
    }

    /// Whether a block is here.
    func contains(_ block: Int) -> Bool { uses[block] > 0 }

    /// Notes that a block came, or is used.
    mutating func use(_ block: Int) {
        clock += 1
        if uses[block] == 0 { count += 1 }
        uses[block] = clock
    }

    /// Takes out the blocks that were used least lately.
    ///
    /// - Parameters:
    ///   - wanted: how many at most.
    ///   - kept: blocks that must stay.
    mutating func removeOldest(_ wanted: Int, keeping kept: (Int) -> Bool) -> [Int] {
        let candidates = uses.indices.filter { uses[$0] > 0 && !kept($0) }
        let oldest = candidates.sorted { uses[$0] < uses[$1] }.prefix(wanted)
        for block in oldest { uses[block] = 0 }
        count -= oldest.count
        return Array(oldest)
    }
}
