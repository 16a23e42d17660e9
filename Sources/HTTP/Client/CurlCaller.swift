// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel
package import MartletPorts

/// Calls HTTP servers by libcurl.
///
/// All callers of a process share two threads: one for calls, one for WebSockets.
/// Connections are kept and used again.
package final class CurlCaller: HTTPCaller {
    private let configuration: CurlConfiguration

    /// Makes a caller.
    package init(configuration: CurlConfiguration = CurlConfiguration()) {
        self.configuration = configuration
    }

    package func call(_ call: HTTPCall, limit: Int) async throws -> HTTPAnswer {
        try await answer(to: call) { whenOver in CollectingSink(limit: limit, whenOver: whenOver) }
    }

    package func download(_ call: HTTPCall, to path: String, at offset: Int64) async throws -> HTTPAnswer {
        try await answer(to: call) { whenOver in try FileSink(path: path, offset: offset, whenOver: whenOver) }
    }

    package func stream(_ call: HTTPCall) async throws -> HTTPStreamedAnswer {
        let reply = Reply<HTTPStreamedAnswer>()
        let sink = StreamSink { reply.give($0) }
        let transfer = try Transfer(call, configuration: configuration, sink: sink)
        return try await withTaskCancellationHandler {
            sink.start(transfer)
            return try await reply.value()
        } onCancel: {
            transfer.cancel()
        }
    }

    package func openWebSocket(
        _ url: String, headers: HTTPHeaders, timeout: Duration
    ) async throws -> any WebSocketConnection {
        let reply = Reply<WebSocketSession>()
        let dial = try WebSocketDial(
            url, headers: headers, timeout: timeout, configuration: configuration, reply: reply)
        return try await withTaskCancellationHandler {
            dial.start()
            return OpenedWebSocket(try await reply.value())
        } onCancel: {
            dial.cancel()
        }
    }

    private func answer(
        to call: HTTPCall,
        into makeSink: (@escaping @Sendable (Result<HTTPAnswer, any Error>) -> Void) throws -> any TransferSink
    ) async throws -> HTTPAnswer {
        let reply = Reply<HTTPAnswer>()
        let sink = try makeSink { reply.give($0) }
        let transfer = try Transfer(call, configuration: configuration, sink: sink)
        return try await withTaskCancellationHandler {
            transfer.start()
            return try await reply.value()
        } onCancel: {
            transfer.cancel()
        }
    }
}
