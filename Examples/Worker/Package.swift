// swift-tools-version: 6.2
import PackageDescription

// A worker of one's own, as its own package. Outside of this repository the first dependency is
// .package(url: "https://…/queue-worker", branch: "main").
let package = Package(
    name: "my-worker",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "queue-worker", path: "../.."),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: []),
    ],
    targets: [
        // What producers and the worker share: the jobs.
        .target(name: "Jobs", dependencies: [.product(name: "JobQueueClient", package: "queue-worker")]),
        .executableTarget(
            name: "my-worker",
            dependencies: [
                "Jobs",
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "JobQueueCLI", package: "queue-worker"),
                .product(name: "JobQueueWorker", package: "queue-worker"),
            ],
            path: "Sources/MyWorker"),
        .testTarget(
            name: "MyWorkerTests",
            dependencies: [
                "Jobs", "my-worker",
                .product(name: "JobQueueClient", package: "queue-worker"),
                .product(name: "JobQueueWorker", package: "queue-worker"),
            ]),
    ]
)
