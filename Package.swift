// swift-tools-version: 6.2
import PackageDescription

/// Every Swift target is built the same way: language mode 6, explicit
/// existentials, visible member imports, internal imports unless said
/// otherwise, and warnings that stop the build.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]

/// A Swift target in `Sources/<folder>`, as module `Martlet<folder>`.
func module(_ folder: String, _ dependencies: [String], resources: [Resource] = []) -> Target {
    .target(
        name: "Martlet\(folder)",
        dependencies: dependencies.map { .byName(name: $0) },
        path: "Sources/\(folder)",
        resources: resources,
        swiftSettings: settings
    )
}

/// A program in `Examples/<name>` that knows the library alone.
func example(_ name: String) -> Target {
    .executableTarget(
        name: name, dependencies: ["Martlet"], path: "Examples/\(name)", swiftSettings: settings)
}

/// The tests of one target, in `Tests/<folder>Tests`.
func tests(_ folder: String, _ dependencies: [String]) -> Target {
    .testTarget(
        name: "Martlet\(folder)Tests",
        dependencies: dependencies.map { .byName(name: $0) },
        path: "Tests/\(folder)Tests",
        swiftSettings: settings
    )
}

let core = ["MartletModel", "MartletPlanning", "MartletScheduling", "MartletPorts", "MartletWire"]
let adapters = [
    "MartletMedia", "MartletFFmpeg", "MartletMediaChild", "MartletSQLiteStore", "MartletRedisStore", "MartletHost",
    "MartletHTTP",
]
let drivers = ["MartletCoordinator", "MartletWorker", "MartletStreaming"]
let parts = core + adapters + drivers + ["MartletAssembly"]

/// The page of streams; its files become part of the program.
let page = [
    "app.js", "chooser.js", "engine.js", "icon.svg", "icons.svg", "index.html", "library.js", "memory.js", "menu.js",
    "player.js", "playlists.js", "preview.js", "server.js", "style.css", "ways.js",
]

let package = Package(
    name: "martlet",
    products: [
        .executable(name: "martlet", targets: ["martlet"]),
        .library(name: "Martlet", targets: ["Martlet"]),
    ],
    targets: [
        // L6: flags and configuration become objects, and run. It knows every concrete type.
        .executableTarget(
            name: "martlet",
            dependencies: parts.map { .byName(name: $0) },
            path: "Sources/martlet",
            swiftSettings: settings
        ),

        // L6: the same as a library. Only it has a public interface.
        .target(
            name: "Martlet",
            dependencies: parts.map { .byName(name: $0) },
            path: "Sources/PublicAPI",
            swiftSettings: settings
        ),

        // Small programs that use the library as others would.
        example("OneFilm"), example("Watch"), example("Queue"), example("Stream"),

        // L5: what the program and the library put together in the same way.
        module(
            "Assembly",
            [
                "MartletModel", "MartletPlanning", "MartletScheduling", "MartletPorts", "MartletWire", "MartletMedia",
                "MartletSQLiteStore", "MartletRedisStore", "MartletHost", "MartletHTTP", "MartletCoordinator",
                "MartletWorker", "MartletStreaming",
            ]),

        // L4: drivers. They ask the pure machines and perform their actions.
        module("Coordinator", core),
        module("Worker", core),
        module("Streaming", core, resources: page.map { .embedInCode("Page/\($0)") }),

        // L3: adapters, one outside thing each.
        module("Media", ["MartletModel", "MartletPorts", "CFFmpeg"]),
        module("MediaChild", ["MartletModel", "MartletPorts"]),
        module("FFmpeg", ["MartletModel", "MartletPorts"]),
        module("SQLiteStore", ["MartletModel", "MartletPorts", "CSQLite"]),
        module("RedisStore", ["MartletModel", "MartletPorts", "CHiredis"]),
        module("Host", ["MartletModel", "MartletPorts", "CSpawn", "CMemory", "CCrypto"]),

        module("HTTP", ["MartletModel", "MartletPorts", "CMicroHTTPD", "CTLSGate", "CWslay", "CCurl"]),

        // L2: the messages between machines, and their JSON form.
        module("Wire", ["MartletModel", "MartletPorts"]),

        // L2: the seams, and an in-memory double of each.
        module("Ports", ["MartletModel"]),

        // L1: pure. Values in, values out.
        module("Planning", ["MartletModel"]),
        module("Scheduling", ["MartletModel"]),

        // L0: words and units.
        module("Model", []),

        // C: system modules and shims without logic.
        .systemLibrary(
            name: "CFFmpeg", path: "Sources/CFFmpeg", pkgConfig: "libavformat libavcodec libavutil",
            providers: [.apt(["libavformat-dev", "libavcodec-dev", "libavutil-dev"])]),
        .systemLibrary(
            name: "CSQLite", path: "Sources/CSQLite", pkgConfig: "sqlite3",
            providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(
            name: "CHiredis", path: "Sources/CHiredis", providers: [.apt(["libhiredis-dev", "libssl-dev"])]),
        .systemLibrary(
            name: "CCrypto", path: "Sources/CCrypto", pkgConfig: "libcrypto",
            providers: [.apt(["libssl-dev"])]),
        .systemLibrary(
            name: "CMicroHTTPD", path: "Sources/CMicroHTTPD", pkgConfig: "libmicrohttpd",
            providers: [.apt(["libmicrohttpd-dev"])]),
        .systemLibrary(
            name: "CWslay", path: "Sources/CWslay", providers: [.apt(["libwslay-dev"])]),
        .systemLibrary(
            name: "CCurl", path: "Sources/CCurl", pkgConfig: "libcurl",
            providers: [.apt(["libcurl4-openssl-dev"])]),
        // Lets the server read a TLS connection itself once it is a WebSocket.
        .target(
            name: "CTLSGate", path: "Sources/CTLSGate", cSettings: [.treatAllWarnings(as: .error)],
            linkerSettings: [.linkedLibrary("gnutls")]),
        .target(name: "CSpawn", path: "Sources/CSpawn", cSettings: [.treatAllWarnings(as: .error)]),
        .target(name: "CMemory", path: "Sources/CMemory", cSettings: [.treatAllWarnings(as: .error)]),

        // Tests only: manual clock, seeded generator, builders, fault doubles, conformance suites, media fixtures.
        module("TestKit", core + adapters),

        tests("Model", ["MartletModel", "MartletTestKit"]),
        tests("Planning", ["MartletModel", "MartletPlanning", "MartletTestKit"]),
        tests("Scheduling", ["MartletModel", "MartletScheduling", "MartletTestKit"]),
        tests("Ports", ["MartletModel", "MartletPorts", "MartletTestKit"]),
        tests("Media", ["MartletModel", "MartletPorts", "MartletMedia", "MartletPlanning", "MartletTestKit"]),
        tests(
            "MediaChild",
            [
                "martlet", "MartletModel", "MartletPorts", "MartletPlanning", "MartletMedia", "MartletMediaChild",
                "MartletHost", "MartletTestKit",
            ]),
        tests("FFmpeg", ["MartletModel", "MartletPorts", "MartletFFmpeg", "MartletHost", "MartletTestKit"]),
        tests("SQLiteStore", ["MartletModel", "MartletPorts", "MartletSQLiteStore", "MartletTestKit", "StoreWriter"]),
        tests("RedisStore", ["MartletModel", "MartletPorts", "MartletRedisStore", "MartletTestKit"]),
        tests(
            "HTTP",
            ["martlet", "MartletModel", "MartletPorts", "MartletWire", "MartletHTTP", "MartletHost", "MartletTestKit"]),
        tests("Wire", ["MartletModel", "MartletPorts", "MartletWire", "MartletTestKit"]),
        tests("Host", ["MartletModel", "MartletPorts", "MartletHost", "MartletTestKit", "CSpawn"]),
        tests("Coordinator", core + ["MartletCoordinator", "MartletHost", "MartletTestKit"]),
        tests(
            "Worker", core + adapters.filter { !$0.hasSuffix("Store") } + ["MartletWorker", "MartletTestKit"]),
        tests("Streaming", core + adapters + ["MartletStreaming", "MartletTestKit"]),
        tests("TestKit", ["MartletModel", "MartletTestKit"]),

        // The library, by its public interface alone, and the examples, run as programs.
        tests("Library", ["Martlet", "MartletTestKit", "OneFilm", "Watch", "Queue", "Stream"]),

        // A process that writes to a job store until it is killed, for the tests of SQLiteStore.
        .executableTarget(
            name: "StoreWriter",
            dependencies: ["MartletModel", "MartletPorts", "MartletSQLiteStore"],
            path: "Tests/StoreWriter",
            swiftSettings: settings
        ),

        // A claimant that works by chance and writes down what it was told, the check of such records, and the tests
        // that let many of them, tasks and processes, at one store.
        .executableTarget(
            name: "ClaimTrial",
            dependencies: [
                "MartletModel", "MartletPorts", "MartletSQLiteStore", "MartletRedisStore", "MartletHost",
            ],
            path: "Tests/ClaimTrial",
            swiftSettings: settings
        ),
        tests(
            "Claim",
            [
                "ClaimTrial", "MartletModel", "MartletPorts", "MartletSQLiteStore", "MartletRedisStore", "MartletHost",
                "MartletTestKit",
            ]),

        // The program as a whole, run as a user runs it.
        .testTarget(
            name: "MartletTests",
            dependencies: [
                "martlet", "MartletModel", "MartletPlanning", "MartletPorts", "MartletWire", "MartletSQLiteStore",
                "MartletHTTP", "MartletHost", "MartletCoordinator", "MartletAssembly", "MartletTestKit",
            ],
            path: "Tests/MartletTests",
            swiftSettings: settings
        ),
    ]
)
