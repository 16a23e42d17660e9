// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CMicroHTTPD
internal import MartletPorts

/// A request to make the connection a WebSocket.
struct WebSocketUpgrade {
    /// What proves to the client that it was understood.
    let accept: String

    /// Reads a request; `nil` when it is no such request.
    init?(method: String, headers: HTTPHeaders) {
        func has(_ name: String, _ token: String) -> Bool {
            headers.fields.contains { field in
                field.name.lowercased() == name
                    && field.value.lowercased().split(separator: ",").contains { word in
                        word.drop { $0 == " " || $0 == "\t" }.prefix { $0 != " " && $0 != "\t" } == token
                    }
            }
        }
        guard method == "GET", has("upgrade", "websocket"), has("connection", "upgrade"),
            headers["Sec-WebSocket-Version"] == "13", let key = headers["Sec-WebSocket-Key"],
            WebSocketHandshake.isKey(key)
        else { return nil }
        accept = WebSocketHandshake.accept(key)
    }

    /// What is answered to any other request where there is nothing but a WebSocket.
    static let refusal = HTTPResponse(
        status: 426, headers: ["Upgrade": "websocket", "Sec-WebSocket-Version": "13"])

    /// Queues the answer; `exchange` is called when the connection has become a WebSocket.
    func queue(_ response: HTTPResponse, for exchange: ServerExchange, on connection: OpaquePointer) -> MHD_Result {
        let closure = Unmanaged.passUnretained(exchange).toOpaque()
        guard let made = MHD_create_response_for_upgrade(Self.upgraded, closure) else { return .NO }
        defer { MHD_destroy_response(made) }
        MHD_add_response_header(made, "Upgrade", "websocket")
        MHD_add_response_header(made, "Sec-WebSocket-Accept", accept)
        ResponseSending.addFields(of: response, to: made)
        return MHD_queue_response(connection, 101, made)
    }

    /// Called once, before the exchange ends.
    private static let upgraded: MHD_UpgradeHandler = { closure, _, _, extra, count, _, handle in
        guard let closure, let handle else { return }
        Unmanaged<ServerExchange>.fromOpaque(closure).takeUnretainedValue()
            .upgraded(handle, early: UnsafeRawBufferPointer(start: extra, count: extra == nil ? 0 : count))
    }
}
