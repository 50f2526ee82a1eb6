// swift-tools-version: 6.2
import PackageDescription

/// Settings of every target: the language mode of Swift 6 comes with the tools version.
let house: [SwiftSetting] =
    [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
    ] + (Context.environment["WARNINGS_AS_ERRORS"] == nil ? [] : [.treatAllWarnings(as: .error)])

let nio: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
]
let tls: [Target.Dependency] = [
    .product(name: "NIOTLS", package: "swift-nio"),
    .product(name: "NIOSSL", package: "swift-nio-ssl"),
]
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let collections = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let hummingbird: [Target.Dependency] = [
    .product(name: "Hummingbird", package: "hummingbird"),
    .product(name: "HummingbirdCore", package: "hummingbird"),
    .product(name: "HTTPTypes", package: "swift-http-types"),
    .product(name: "NIOHTTP1", package: "swift-nio"),
    .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
    .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
    .product(name: "NIOSSL", package: "swift-nio-ssl"),
    .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
]
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let configuration = Target.Dependency.product(name: "Configuration", package: "swift-configuration")
let metrics = Target.Dependency.product(name: "CoreMetrics", package: "swift-metrics")
let yaml = Target.Dependency.product(name: "Yams", package: "Yams")

// The arrows of Docs/architecture.md, top to bottom. Tests/ArchitectureTests compares the imports of every file with them.
let package = Package(
    name: "queue-worker",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "JobQueueClient", targets: ["JobQueueClient"]),
        .library(name: "JobQueueWorker", targets: ["JobQueueWorker"]),
        .library(name: "JobQueueExec", targets: ["JobQueueExec"]),
        .library(name: "JobQueueHTTP", targets: ["JobQueueHTTP"]),
        .library(name: "JobQueuePostgres", targets: ["JobQueuePostgres"]),
        .library(name: "JobQueueCLI", targets: ["JobQueueCLI"]),
        .library(name: "Postgres", targets: ["Postgres"]),
        .library(name: "Telemetry", targets: ["Telemetry"]),
        .executable(name: "queue-worker", targets: ["queue-worker"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        // Without its readers of files: the formats are ours to name lines in.
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: []),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.8.0"),
    ],
    targets: [
        .executableTarget(name: "queue-worker", dependencies: ["JobQueueCLI"], path: "worker", swiftSettings: house),
        .executableTarget(
            name: "queue-demo",
            dependencies: ["JobQueueCLI", "JobQueueClient", "JobQueueWorker", arguments, crypto, logging],
            path: "Examples/Demo", swiftSettings: house),
        .target(
            name: "JobQueueBench",
            dependencies: ["JobQueueClient", "JobQueueExec", "JobQueueWorker", "JobStore", "JobModel", "Redis"],
            path: "Benchmarks", exclude: ["peers"], swiftSettings: house),
        .executableTarget(
            name: "queue-peer",
            dependencies: ["JobQueueCLI", "JobQueueClient", "JobQueueWorker", "JobModel", arguments],
            path: "Benchmarks/peers/drivers/queue-worker", swiftSettings: house),

        .target(
            name: "JobQueueCLI",
            dependencies: [
                "JobQueueBench", "JobQueueHTTP", "JobQueuePostgres", "JobQueueSupervisor", "JobQueueExec",
                "JobQueueWorker",
                "JobQueueClient", "TerminalDashboard", "Telemetry", "JobStore",
                "JobModel", "Postgres", "Redis", "CSpawn", arguments, collections, configuration, logging, metrics,
                yaml,
            ],
            swiftSettings: house),
        .target(
            name: "TerminalDashboard", dependencies: ["JobStore", "JobModel"],
            path: "dashboard/terminal", swiftSettings: house),
        .target(
            name: "JobQueueHTTP",
            dependencies: ["JobQueueClient", "Telemetry", "JobStore", "JobModel", crypto, logging, metrics]
                + hummingbird + nio,
            resources: [.embedInCode("Description")], swiftSettings: house),
        .target(
            name: "JobQueueWorker",
            dependencies: [
                "JobQueueClient", "JobStore", "JobModel", "Redis", "CSpawn", collections, logging, metrics,
            ] + nio,
            swiftSettings: house),
        .target(
            name: "JobQueueSupervisor",
            dependencies: ["JobQueueExec", "JobQueueWorker", "Telemetry", "JobStore", "JobModel", logging],
            swiftSettings: house),
        .target(
            name: "JobQueuePostgres",
            dependencies: ["JobQueueWorker", "JobQueueClient", "JobStore", "JobModel", "Postgres", crypto, logging],
            resources: [.embedInCode("Migrations"), .embedInCode("Statements")], swiftSettings: house),
        .target(name: "Telemetry", dependencies: ["JobModel", metrics], swiftSettings: house),
        .target(
            name: "JobQueueExec", dependencies: ["JobQueueWorker", "JobModel", "CSpawn", logging, metrics],
            swiftSettings: house),
        .target(
            name: "JobQueueClient", dependencies: ["JobStore", "JobModel", "Redis", collections, logging],
            swiftSettings: house),
        .target(
            name: "JobStore", dependencies: ["JobModel", "Redis", crypto],
            resources: [.embedInCode("Scripts")], swiftSettings: house),
        .target(name: "JobModel", swiftSettings: house),
        .target(
            name: "Redis", dependencies: ["CHiredis", collections, logging] + nio + tls, swiftSettings: house),
        .systemLibrary(name: "CHiredis"),
        .target(name: "Postgres", dependencies: ["CPostgres", "CSpawn", collections], swiftSettings: house),
        .systemLibrary(name: "CPostgres"),
        .target(name: "CSpawn"),

        .target(
            name: "TestSupport", dependencies: ["JobStore", "JobModel", "Redis"] + nio, path: "Tests/TestSupport",
            swiftSettings: house),
        .target(
            name: "ProcessSupport", dependencies: ["JobQueueClient", "JobStore", "JobModel", "Redis", "TestSupport"],
            path: "Tests/ProcessSupport", swiftSettings: house),
        .testTarget(name: "ArchitectureTests", swiftSettings: house),
        .testTarget(name: "JobModelTests", dependencies: ["JobModel"], swiftSettings: house),
        .testTarget(
            name: "TelemetryTests", dependencies: ["Telemetry", "JobModel", "TestSupport", metrics],
            swiftSettings: house),
        .testTarget(name: "RedisTests", dependencies: ["Redis", "TestSupport"] + nio + tls, swiftSettings: house),
        .testTarget(
            name: "PostgresTests",
            dependencies: [
                "JobQueuePostgres", "JobQueueWorker", "JobQueueClient", "JobStore", "JobModel", "Postgres", "Redis",
                "TestSupport", logging,
            ],
            swiftSettings: house),
        .testTarget(
            name: "JobStoreTests", dependencies: ["JobStore", "JobModel", "Redis", "TestSupport"], swiftSettings: house),
        .testTarget(
            name: "ModelTests", dependencies: ["JobStore", "JobModel", "Redis", "TestSupport"], swiftSettings: house),
        .testTarget(
            name: "JobQueueTests",
            dependencies: [
                "JobQueueClient", "JobQueueWorker", "Telemetry", "JobStore", "JobModel", "Redis", "TestSupport",
                logging,
            ],
            swiftSettings: house),
        .executableTarget(
            name: "exec-fixture",
            dependencies: ["JobQueueExec", "JobModel", "JobQueueClient", "JobQueueWorker", logging],
            path: "Tests/ExecFixture",
            swiftSettings: house),
        .testTarget(
            name: "ExecTests",
            dependencies: [
                "exec-fixture", "JobQueueExec", "CSpawn", "JobQueueClient", "JobQueueWorker", "Telemetry", "JobStore",
                "JobModel", "TestSupport",
                logging,
            ],
            swiftSettings: house),
        .testTarget(
            name: "SupervisorTests",
            dependencies: [
                "JobQueueSupervisor", "JobQueueExec", "JobQueueWorker", "Telemetry", "JobStore", "JobModel",
                "TestSupport",
                logging, metrics,
            ],
            swiftSettings: house),
        .testTarget(
            name: "CLITests",
            dependencies: [
                "JobQueueCLI", "JobQueueHTTP", "JobQueueExec", "JobQueueWorker", "JobQueueClient", "TerminalDashboard",
                "JobStore", "JobModel",
                "Redis", "TestSupport", arguments, configuration,
            ],
            exclude: ["Golden"], swiftSettings: house),
        .testTarget(
            name: "TerminalTests", dependencies: ["TerminalDashboard", "JobStore", "JobModel", "TestSupport"],
            exclude: ["Golden", "screen.py"], swiftSettings: house),
        .testTarget(
            name: "HTTPTests",
            dependencies: [
                "JobQueueHTTP", "JobQueueWorker", "JobQueueClient", "Telemetry", "JobStore", "JobModel", "Redis",
                "TestSupport", logging, metrics, yaml,
            ] + hummingbird + nio,
            swiftSettings: house),
        .executableTarget(
            name: "queue-fixture", dependencies: ["JobQueueCLI", "JobQueueWorker", "JobQueueClient"],
            path: "Tests/Fixture",
            swiftSettings: house),
        .testTarget(
            name: "ProcessTests",
            dependencies: [
                "queue-worker", "queue-fixture", "JobQueueClient", "JobStore", "JobModel", "Postgres", "Redis",
                "ProcessSupport", "TestSupport",
            ],
            swiftSettings: house),
        .testTarget(
            name: "ChaosTests",
            dependencies: [
                "queue-worker", "queue-fixture", "JobQueueClient", "JobStore", "JobModel", "Redis", "ProcessSupport",
                "TestSupport",
            ],
            exclude: ["clock.c", "disk.c"], swiftSettings: house),
    ]
)
