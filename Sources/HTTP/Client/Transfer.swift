// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CCurl
internal import Glibc
internal import MartletModel
internal import MartletPorts

/// Where an answer goes. Called on the loop's thread.
protocol TransferSink: AnyObject, Sendable {
    /// The header is there.
    func begin(status: Int, headers: HTTPHeaders)
    /// Takes bytes of the body.
    func take(_ bytes: UnsafeRawBufferPointer) -> Transfer.Reception
    /// All has come, or nothing more will.
    func end(_ error: (any Error)?)
}

/// One call under way. Belongs to the loop's thread, but for its beginning and `cancel`.
final class Transfer: @unchecked Sendable {
    /// What becomes of bytes that came.
    enum Reception {
        case taken
        /// Not taken: they come again after `goOn`.
        case later
        /// The call fails.
        case refused(HTTPError)
    }

    private enum Stage {
        case fresh
        case running
        case over
    }

    private let call: HTTPCall
    private let handle: CurlHandle
    private let sink: any TransferSink
    private let curl = CurlLoop.calls
    private var stage = Stage.fresh
    private var source: UploadSource?
    private var failure: (any Error)?

    private var status = 0
    private var headers = HTTPHeaders()
    private var isHeadOver = false
    private var isPaused = false
    private var lastActivity = Moment(nanoseconds: 0)
    private var stallDeadline: DeadlineQueue.ID?

    /// Makes a call that is not under way yet.
    ///
    /// - Throws: `HTTPError`.
    init(_ call: HTTPCall, configuration: CurlConfiguration, sink: any TransferSink) throws {
        self.call = call
        self.sink = sink
        handle = try CurlHandle(
            url: call.url, configuration: configuration, connectTimeout: call.connectTimeout)
        handle.setHeaders(call.headers)
    }

    // MARK: From any thread

    /// Begins.
    func start() { curl.loop.perform { [self] in begin() } }

    /// Breaks it off; the sink ends with a `CancellationError`.
    func cancel() { curl.loop.perform { [self] in finish(CancellationError()) } }

    /// Has bytes come again after `later`.
    func goOn() {
        curl.loop.perform { [self] in
            guard stage == .running, isPaused else { return }
            isPaused = false
            lastActivity = curl.loop.now
            curl_easy_pause(handle.pointer, CURLPAUSE_CONT)
        }
    }

    // MARK: On the loop's thread

    private func begin() {
        guard stage == .fresh else { return }
        do {
            source = try UploadSource(call.body)
        } catch {
            finish(error)
            return
        }
        prepare()
        handle.whenDone = { [self] in done($0) }
        stage = .running
        lastActivity = curl.loop.now
        guard curl.add(handle) else {
            finish(HTTPError(.unreachable, "\(CurlFailure.name(of: call.url)) cannot be called."))
            return
        }
        watchForStall(due: lastActivity + max(call.stallTimeout, call.connectTimeout))
    }

    private func done(_ result: CURLcode) {
        if let failure {
            finish(failure)
        } else if result != CURLE_OK {
            finish(handle.error(result, url: call.url))
        } else {
            finish(nil)
        }
    }

    private func finish(_ error: (any Error)?) {
        guard stage != .over else { return }
        if stage == .running { curl.remove(handle) }
        stage = .over
        if let stallDeadline { curl.loop.unschedule(stallDeadline) }
        handle.whenDone = { _ in }
        source = nil
        sink.end(error)
    }

    private func watchForStall(due: Moment) {
        stallDeadline = curl.loop.schedule(due) { [unowned self] in
            let now = curl.loop.now
            if isPaused { lastActivity = now }
            if now - lastActivity >= call.stallTimeout {
                let seconds = Double(Int(call.stallTimeout.inSeconds * 10)) / 10
                finish(
                    HTTPError(
                        .unreachable, "\(CurlFailure.name(of: call.url)) was silent for \(seconds) seconds."))
            } else {
                watchForStall(due: lastActivity + call.stallTimeout)
            }
        }
    }

    // MARK: What libcurl is told and asks

    private func prepare() {
        let pointer = handle.pointer
        let closure = Unmanaged.passUnretained(self).toOpaque()
        let sendsEmptyBody = source == nil && ["POST", "PUT", "PATCH"].contains(call.method)
        if source != nil || sendsEmptyBody {
            martlet_curl_set_number(pointer, CURLOPT_UPLOAD, 1)
            martlet_curl_set_size(pointer, CURLOPT_INFILESIZE_LARGE, Int(source?.count ?? 0))
            martlet_curl_set_number(pointer, CURLOPT_UPLOAD_BUFFERSIZE, 256 << 10)
            martlet_curl_set_data(pointer, CURLOPT_READFUNCTION, Self.giveBytes)
            martlet_curl_set_pointer(pointer, CURLOPT_READDATA, closure)
            martlet_curl_set_seek(pointer, Self.seek)
            martlet_curl_set_pointer(pointer, CURLOPT_SEEKDATA, closure)
        }
        if call.method == "HEAD" {
            martlet_curl_set_number(pointer, CURLOPT_NOBODY, 1)
        } else if call.method != "GET" || source != nil {
            martlet_curl_set_text(pointer, CURLOPT_CUSTOMREQUEST, call.method)
        }
        martlet_curl_set_number(pointer, CURLOPT_BUFFERSIZE, 256 << 10)
        martlet_curl_set_data(pointer, CURLOPT_HEADERFUNCTION, Self.takeHeader)
        martlet_curl_set_pointer(pointer, CURLOPT_HEADERDATA, closure)
        martlet_curl_set_data(pointer, CURLOPT_WRITEFUNCTION, Self.takeBytes)
        martlet_curl_set_pointer(pointer, CURLOPT_WRITEDATA, closure)
    }

    private static func transfer(_ closure: UnsafeMutableRawPointer?) -> Transfer? {
        closure.map { Unmanaged<Transfer>.fromOpaque($0).takeUnretainedValue() }
    }

    private static let giveBytes: martlet_curl_data = { buffer, size, count, closure in
        guard let transfer = transfer(closure), let buffer else { return Int(CURL_READFUNC_ABORT) }
        transfer.lastActivity = transfer.curl.loop.now
        guard let source = transfer.source else { return 0 }
        if let got = source.read(into: UnsafeMutableRawBufferPointer(start: buffer, count: size * count)) {
            return got
        }
        transfer.failure = HTTPError(.unreadable, "The file that was being sent cannot be read any more, or was cut.")
        return Int(CURL_READFUNC_ABORT)
    }

    private static let seek: martlet_curl_seek = { closure, position, origin in
        guard let source = transfer(closure)?.source, origin == SEEK_SET else { return CURL_SEEKFUNC_FAIL }
        source.seek(to: Int64(position))
        return CURL_SEEKFUNC_OK
    }

    private static let takeHeader: martlet_curl_data = { buffer, size, count, closure in
        guard let transfer = transfer(closure), let buffer else { return 0 }
        let bytes = UnsafeRawBufferPointer(start: buffer, count: size * count)
        transfer.header(String(decoding: bytes, as: UTF8.self))
        return size * count
    }

    private func header(_ line: String) {
        lastActivity = curl.loop.now
        // Fields after the body say nothing that is used here.
        guard !isHeadOver else { return }
        let text = line.drop { $0 == " " }.prefix { !$0.isNewline }
        if text.hasPrefix("HTTP/") {
            headers = HTTPHeaders()
            status = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        } else if text.isEmpty {
            guard status >= 200 else { return }
            isHeadOver = true
            sink.begin(status: status, headers: headers)
        } else if let colon = text.firstIndex(of: ":") {
            headers.add(
                String(text[..<colon]),
                String(text[text.index(after: colon)...].drop { $0 == " " || $0 == "\t" }))
        }
    }

    private static let takeBytes: martlet_curl_data = { buffer, size, count, closure in
        guard let transfer = transfer(closure), let buffer else { return 0 }
        transfer.lastActivity = transfer.curl.loop.now
        switch transfer.sink.take(UnsafeRawBufferPointer(start: buffer, count: size * count)) {
        case .taken: return size * count
        case .later:
            transfer.isPaused = true
            return Int(CURL_WRITEFUNC_PAUSE)
        case .refused(let error):
            transfer.failure = error
            return 0
        }
    }
}
