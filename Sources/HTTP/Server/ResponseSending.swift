// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CMicroHTTPD
internal import Glibc
internal import MartletPorts

/// Hands responses to libmicrohttpd.
enum ResponseSending {
    /// Fields that the server sets itself.
    private static let ownFields: Set<String> = ["content-length", "transfer-encoding", "connection", "date"]

    /// Sends a response that is all there.
    static func send(_ response: HTTPResponse, on connection: OpaquePointer) -> MHD_Result {
        switch response.body {
        case .none, .stream, .webSocket, .heardWebSocket:
            return queue(bytes([]), response, on: connection)
        case .bytes(let content):
            return queue(bytes(content), response, on: connection)
        case .file(let path, let range):
            switch file(path, range) {
            case .success(let made):
                return queue(made, response, on: connection)
            case .failure(let failure):
                return queue(bytes([]), HTTPResponse(status: failure.status), on: connection)
            }
        }
    }

    /// Sends a response whose bytes are still being made.
    static func send(
        _ response: HTTPResponse, streaming stream: ResponseStream, on connection: OpaquePointer
    ) -> MHD_Result {
        let length = response.headers["Content-Length"].flatMap { UInt64($0) }
        let made = MHD_create_response_from_callback(
            length ?? .max, 1 << 16, read, Unmanaged.passRetained(stream).toOpaque(), release)
        return queue(made, response, on: connection)
    }

    private static let read: MHD_ContentReaderCallback = { closure, _, buffer, count in
        guard let closure, let buffer else { return -2 }
        let stream = Unmanaged<ResponseStream>.fromOpaque(closure).takeUnretainedValue()
        switch stream.fill(UnsafeMutableRawBufferPointer(start: buffer, count: count)) {
        case .bytes(let count): return count
        case .nothingYet:
            stream.whenEmpty()
            return 0
        case .end(.complete): return -1  // MHD_CONTENT_READER_END_OF_STREAM
        case .end(.broken): return -2  // MHD_CONTENT_READER_END_WITH_ERROR
        }
    }

    private static let release: MHD_ContentReaderFreeCallback = { closure in
        guard let closure else { return }
        Unmanaged<ResponseStream>.fromOpaque(closure).release()
    }

    private static func bytes(_ content: [UInt8]) -> OpaquePointer? {
        content.withUnsafeBytes { content in
            MHD_create_response_from_buffer(
                content.count, UnsafeMutableRawPointer(mutating: content.baseAddress), .RESPMEM_MUST_COPY)
        }
    }

    private struct FileFailure: Error {
        var status: Int
    }

    private static func file(_ path: String, _ range: Range<Int64>) -> Result<OpaquePointer?, FileFailure> {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return .failure(FileFailure(status: errno == ENOENT ? 404 : 500)) }
        var facts = stat()
        guard fstat(descriptor, &facts) == 0, range.lowerBound >= 0, facts.st_size >= range.upperBound else {
            close(descriptor)
            return .failure(FileFailure(status: 500))
        }
        guard !range.isEmpty else {
            close(descriptor)
            return .success(bytes([]))
        }
        return .success(
            MHD_create_response_from_fd_at_offset64(
                UInt64(range.count), descriptor, UInt64(range.lowerBound)))
    }

    private static func queue(
        _ made: OpaquePointer?, _ response: HTTPResponse, on connection: OpaquePointer
    ) -> MHD_Result {
        guard let made else { return .NO }
        defer { MHD_destroy_response(made) }
        addFields(of: response, to: made)
        return MHD_queue_response(connection, UInt32(clamping: response.status), made)
    }

    /// Adds the header's fields, but for those that the server sets itself.
    static func addFields(of response: HTTPResponse, to made: OpaquePointer) {
        for field in response.headers.fields where !ownFields.contains(field.name.lowercased()) {
            MHD_add_response_header(made, field.name, field.value)
        }
    }
}
