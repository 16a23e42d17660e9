// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// The byte stream below a WebSocket. Belongs to a loop's thread; nothing here waits.
protocol WebSocketTransport: AnyObject {
    /// What to watch.
    var descriptor: Int32 { get }
    /// Reads what is there.
    func receive(into buffer: UnsafeMutableRawBufferPointer) -> TransportResult
    /// Writes what there is room for.
    func send(_ bytes: UnsafeRawBufferPointer) -> TransportResult
    /// Ends it.
    func close()
}

/// What came of reading or writing.
enum TransportResult {
    /// So many bytes, one at least.
    case bytes(Int)
    /// None for now.
    case again
    /// The end, or a failure.
    case over
}
