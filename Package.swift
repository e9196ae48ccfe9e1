// swift-tools-version: 6.2
// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

// Products of other packages, named once so that the target list below reads as the import graph.
let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let asyncHTTPClient: Target.Dependency = .product(name: "AsyncHTTPClient", package: "async-http-client")
let configuration: Target.Dependency = .product(name: "Configuration", package: "swift-configuration")
let coreMetrics: Target.Dependency = .product(name: "CoreMetrics", package: "swift-metrics")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let histogram: Target.Dependency = .product(name: "Histogram", package: "hdrhistogram-swift")
let httpTypes: Target.Dependency = .product(name: "HTTPTypes", package: "swift-http-types")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore: Target.Dependency = .product(name: "HummingbirdCore", package: "hummingbird")
let hummingbirdTLS: Target.Dependency = .product(name: "HummingbirdTLS", package: "hummingbird")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let metrics: Target.Dependency = .product(name: "Metrics", package: "swift-metrics")
let metricsTestKit: Target.Dependency = .product(name: "MetricsTestKit", package: "swift-metrics")
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioEmbedded: Target.Dependency = .product(name: "NIOEmbedded", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let serviceLifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")

func target(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(of name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: [.target(name: name)] + dependencies, swiftSettings: settings)
}

let package = Package(
    name: "scim-bridge",
    products: [
        .executable(name: "scim-bridge", targets: ["scim-bridge"]),
        .executable(name: "scim-bench", targets: ["scim-bench"]),
    ],
    dependencies: [
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .executableTarget(
            name: "scim-bridge",
            dependencies: [
                "API", "Events", "HTTPServer", "JSON", "Operations", "Postgres", "ProvisioningDouble", "Queue", "Redis",
                "SCIM", "Storage", "Sync", "UDM", "UDMDouble",
                argumentParser, asyncHTTPClient, configuration, coreMetrics, hummingbird, hummingbirdCore,
                hummingbirdTLS,
                logging, nioCore, nioHTTP1, nioSSL, serviceLifecycle, unixSignals,
            ],
            swiftSettings: settings
        ),

        // What a request passes through, from top to bottom.
        target(
            "API",
            [
                "Executors", "Failpoints", "JSON", "Postgres", "Queue", "SCIM", "Storage",
                coreMetrics, crypto, httpTypes, hummingbird, hummingbirdCore, logging, nioCore, nioHTTP1,
            ]
        ),
        target("JSON"),
        target("SCIM", ["JSON"]),
        target("Storage", ["Executors", "JSON", "Postgres", "SCIM", crypto, logging]),
        target("Queue", ["Executors", "Failpoints", "Redis"]),
        target(
            "Sync",
            [
                "Executors", "Failpoints", "JSON", "Postgres", "Queue", "SCIM", "Storage", "UDM", logging, metrics,
                serviceLifecycle,
            ]
        ),
        target(
            "UDM",
            [
                "Executors", "JSON", "SCIM", asyncHTTPClient, crypto, logging, metrics, nioCore, nioHTTP1, nioPosix,
                nioSSL,
            ]),
        target(
            "Events",
            [
                "Executors", "Failpoints", "JSON", "Redis", "SCIM", "Storage", asyncHTTPClient, crypto, logging,
                metrics, nioCore,
                nioHTTP1, nioSSL, serviceLifecycle,
            ]
        ),
        target(
            "Operations",
            ["JSON", coreMetrics, httpTypes, hummingbird, hummingbirdCore, logging, nioCore, serviceLifecycle]
        ),

        target("HTTPServer", ["Executors", hummingbirdCore, hummingbirdTLS, logging, nioCore, nioSSL]),

        // The C libraries behind Swift; nobody else imports C.
        target("Postgres", ["CPostgres", "Executors", logging]),
        target("Redis", ["CRedis", "Executors", logging, nioCore, nioPosix, nioSSL]),
        target("Executors", [nioCore]),
        target("Failpoints"),
        .systemLibrary(name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CRedis", pkgConfig: "hiredis", providers: [.apt(["libhiredis-dev"])]),

        // Doubles of the two services, for development, tests and the bench.
        target(
            "UDMDouble",
            [
                "HTTPServer", "JSON", crypto, httpTypes, hummingbird, hummingbirdCore, logging, nioCore,
                serviceLifecycle,
                unixSignals,
            ]
        ),
        target("ProvisioningDouble", ["JSON", httpTypes, hummingbird, logging, nioCore, serviceLifecycle]),

        .executableTarget(
            name: "scim-bench",
            dependencies: [
                "JSON", "Postgres", "Queue", "Redis", argumentParser, asyncHTTPClient, histogram, httpTypes,
                hummingbird, hummingbirdCore,
                logging, nioCore, nioHTTP1, nioPosix, nioSSL,
            ],
            path: "bench/scim-bench",
            swiftSettings: settings
        ),

        // Kills, and counts what is left: `make chaos`.
        .executableTarget(
            name: "scim-chaos",
            dependencies: [
                "JSON", "Postgres", "Redis", "SCIM", "TestSupport",
                argumentParser, asyncHTTPClient, crypto, logging, nioCore, nioHTTP1, nioPosix,
            ],
            path: "Tests/Chaos",
            swiftSettings: settings
        ),

        .target(
            name: "TestSupport",
            dependencies: ["Executors", "Postgres", "Redis", logging],
            path: "Tests/TestSupport",
            swiftSettings: settings
        ),
        .target(name: "FuzzSupport", path: "Tests/FuzzSupport", swiftSettings: settings),
        .target(
            name: "SCIMTestSupport",
            dependencies: ["JSON", "SCIM"],
            path: "Tests/SCIMTestSupport",
            swiftSettings: settings
        ),
        tests(
            of: "API",
            [
                "Executors", "FuzzSupport", "HTTPServer", "JSON", "Postgres", "Queue", "Redis", "SCIM", "Storage",
                "TestSupport",
                asyncHTTPClient, coreMetrics, hummingbird, hummingbirdCore, logging, metricsTestKit, nioCore,
                nioEmbedded, nioHTTP1, serviceLifecycle,
            ]
        ),
        .testTarget(
            name: "BenchTests",
            dependencies: [
                "scim-bench", "JSON", "Postgres", "Redis", "TestSupport", "UDMDouble",
                argumentParser, logging, nioCore, nioHTTP1, nioPosix, nioSSL,
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "BridgeTests",
            dependencies: [
                "scim-bridge", "API", "Events", "JSON", "Postgres", "ProvisioningDouble", "Queue", "Redis", "SCIM",
                "Storage", "Sync", "TestSupport", "UDM", "UDMDouble", argumentParser, asyncHTTPClient, logging, nioCore,
                nioHTTP1, nioSSL, serviceLifecycle,
            ],
            swiftSettings: settings
        ),
        tests(
            of: "Events",
            [
                "JSON", "Postgres", "ProvisioningDouble", "Queue", "Redis", "SCIM", "Storage", "TestSupport",
                asyncHTTPClient, crypto, logging, nioCore, nioHTTP1, nioPosix, nioSSL, serviceLifecycle,
            ]
        ),
        .testTarget(name: "ChaosTests", dependencies: ["scim-chaos", "JSON"], swiftSettings: settings),
        tests(of: "Executors", [nioCore, nioPosix]),
        tests(of: "Failpoints"),
        tests(of: "JSON", ["FuzzSupport"]),
        tests(
            of: "Operations",
            [
                asyncHTTPClient, coreMetrics, hummingbird, hummingbirdCore, logging, nioCore, nioHTTP1,
                serviceLifecycle,
            ]
        ),
        tests(of: "Postgres", ["FuzzSupport", "TestSupport", logging]),
        tests(
            of: "ProvisioningDouble", ["JSON", asyncHTTPClient, logging, nioCore, nioHTTP1, serviceLifecycle]
        ),
        tests(of: "Queue", ["Executors", "FuzzSupport", "Redis", "TestSupport"]),
        tests(of: "Redis", ["Executors", "TestSupport", logging, nioCore, nioPosix]),
        tests(of: "SCIM", ["FuzzSupport", "JSON", "SCIMTestSupport"]),
        tests(of: "Storage", ["FuzzSupport", "JSON", "Postgres", "SCIM", "SCIMTestSupport", "TestSupport", logging]),
        tests(
            of: "Sync",
            [
                "Executors", "FuzzSupport", "JSON", "Postgres", "Queue", "Redis", "SCIM", "Storage", "TestSupport",
                "UDM", "UDMDouble", logging, metricsTestKit, serviceLifecycle,
            ]
        ),
        tests(
            of: "UDM",
            [
                "FuzzSupport", "JSON", "SCIM", logging, metrics, metricsTestKit, nioCore, nioEmbedded, nioHTTP1,
                nioPosix, nioSSL,
            ]
        ),
        tests(of: "UDMDouble", ["FuzzSupport", "JSON", asyncHTTPClient, logging, nioCore, nioHTTP1]),
    ]
)
