// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletHTTP
import MartletPorts
package import MartletWire

/// Chromium without a window, with one page open.
package final class Browser: Sendable {
    /// It could not be started, or a script failed.
    package struct Failure: Error, CustomStringConvertible {
        /// What it said.
        package let description: String

        /// Makes a failure.
        package init(description: String) { self.description = description }
    }

    /// What is shown on.
    package enum Screen: Sendable {
        case desktop, phone
    }

    private let directory: TemporaryDirectory
    private let handle: ChildProcess.Handle
    private let running: Task<ChildProcess.Outcome, any Error>
    private let tools: DevTools
    private let listening: Task<Void, Never>

    /// Whether there is a Chromium; where there is none, tests that need one say so and are skipped.
    package static var isThere: Bool { FileManager.default.isExecutableFile(atPath: "/usr/bin/chromium") }

    private static let options = [
        "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--mute-audio", "--no-first-run",
        "--autoplay-policy=no-user-gesture-required", "--disable-background-networking", "--disable-component-update",
        "--disable-extensions", "--disable-breakpad", "--hide-scrollbars", "--remote-debugging-port=0",
        "--remote-allow-origins=*",
    ]

    /// Starts it.
    ///
    /// - Parameter limit: after it the browser is killed, whatever it does.
    package init(_ screen: Screen = .desktop, limit: Duration = .seconds(600)) async throws {
        let directory = try TemporaryDirectory()
        let (started, starting) = AsyncStream<(ChildProcess.Handle, String)>.makeStream()
        let running = Task {
            defer { starting.finish() }
            return try await ChildProcess.run(
                "sh",
                ["-c", "exec chromium \"$@\" 2>&1", "sh"] + Self.options
                    + ["--user-data-dir=\(directory.path)", "about:blank"],
                environment: ["HOME": directory.path], deadline: limit,
                observer: ChildProcess.Observer(
                    onOutputLine: { line, handle in
                        guard let place = line.firstRange(of: "DevTools listening on ") else { return }
                        starting.yield((handle, String(line[place.upperBound...])))
                    }))
        }
        let first = try await waiting(for: "the browser to start") {
            for await start in started { return start as (ChildProcess.Handle, String)? }
            return nil
        }
        guard let (handle, address) = first else { throw Failure(description: try await running.value.output) }
        var configuration = CurlConfiguration()
        // A browser that works hard is silent for long.
        configuration.webSockets.silence = limit
        configuration.webSockets.message = 64 << 20
        let socket = try await CurlCaller(configuration: configuration)
            .openWebSocket(address.trimmingCharacters(in: .whitespaces), headers: [:], timeout: .seconds(60))
        let tools = DevTools(socket: socket)
        self.directory = directory
        self.handle = handle
        self.running = running
        self.tools = tools
        listening = Task { await tools.run() }
        try await begin(screen)
    }

    deinit { handle.sendToGroup(9) }

    /// Opens an empty page in place of the one that is open; what that complained about is forgotten.
    ///
    /// - Throws: `Failure`.
    package func begin(_ screen: Screen = .desktop) async throws {
        await tools.leave()
        let target = try await tools.call("Target.createTarget", ["url": "about:blank"])
        guard let id = target["targetId"],
            case .text(let session)? = try await tools.call(
                "Target.attachToTarget", ["targetId": id, "flatten": true])["sessionId"]
        else { throw Failure(description: "the browser opens no page") }
        await tools.attach(to: session)
        for domain in ["Page", "Runtime", "Log"] { _ = try await tools.call("\(domain).enable") }
        let isPhone = screen == .phone
        _ = try await tools.call(
            "Emulation.setDeviceMetricsOverride",
            [
                "width": isPhone ? 390 : 1280, "height": isPhone ? 844 : 720, "deviceScaleFactor": isPhone ? 2 : 1,
                "mobile": .boolean(isPhone),
            ])
        if isPhone { _ = try await tools.call("Emulation.setTouchEmulationEnabled", ["enabled": true]) }
    }

    /// Goes to an address, and waits until the page is loaded.
    package func open(_ address: String) async throws {
        let tools = self.tools
        try await waiting(for: "\(address) to load") {
            async let loaded = tools.next("Page.loadEventFired")
            let answer = try await tools.call("Page.navigate", ["url": .text(address)])
            if let error = answer["errorText"] { throw Failure(description: "\(address): \(error)") }
            _ = try await loaded
        }
    }

    /// Runs a script in the page, and waits for its promise.
    ///
    /// - Parameter script: an expression.
    /// - Throws: `Failure` when the script throws; `WaitedInVain`.
    @discardableResult
    package func run(_ script: String, within limit: Duration = .seconds(120)) async throws -> JSONValue {
        let tools = self.tools
        let answer = try await waiting(for: "a script in the browser: \(script.prefix(120))", atMost: limit) {
            try await tools.call(
                "Runtime.evaluate",
                [
                    "expression": .text(script), "awaitPromise": true, "returnByValue": true, "userGesture": true,
                ])
        }
        if let details = answer["exceptionDetails"] {
            throw Failure(description: "\(details["exception"]?["description"] ?? details)")
        }
        return answer["result"]?["value"] ?? .null
    }

    /// Presses and lets go a key, such as `ArrowRight` or `f`.
    package func press(_ key: String) async throws {
        for type in ["keyDown", "keyUp"] {
            var event: [String: JSONValue] = ["type": .text(type), "key": .text(key)]
            if key.count == 1, type == "keyDown" { event["text"] = .text(key) }
            _ = try await tools.call("Input.dispatchKeyEvent", event)
        }
    }

    /// Moves the mouse to a place of the page.
    package func point(x: Double, y: Double) async throws {
        _ = try await tools.call(
            "Input.dispatchMouseEvent", ["type": "mouseMoved", "x": .number(x), "y": .number(y)])
    }

    /// What the page looks like, as PNG.
    package func picture() async throws -> [UInt8] {
        guard case .text(let text)? = try await tools.call("Page.captureScreenshot", ["format": "png"])["data"],
            let data = Data(base64Encoded: text)
        else { throw Failure(description: "the browser shows nothing") }
        return Array(data)
    }

    /// What pages complained about so far.
    package var complaints: [String] {
        get async { await tools.complaints }
    }

    /// Ends it.
    package func close() async {
        _ = try? await tools.call("Browser.close")
        handle.sendToGroup(9)
        _ = try? await running.value
        await listening.value
    }
}
