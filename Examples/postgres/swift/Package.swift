// swift-tools-version: 6.2
import PackageDescription

// Outside of this repository the dependency is .package(url: "https://…/queue-worker", branch: "main").
let package = Package(
    name: "shop",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "queue-worker", path: "../../.."),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: []),
    ],
    targets: [
        .target(name: "Jobs", dependencies: [.product(name: "JobQueueClient", package: "queue-worker")]),
        .executableTarget(
            name: "shop-order",
            dependencies: [
                "Jobs",
                .product(name: "JobQueueClient", package: "queue-worker"),
                .product(name: "JobQueuePostgres", package: "queue-worker"),
                .product(name: "Postgres", package: "queue-worker"),
            ],
            path: "Sources/ShopOrder"),
        .executableTarget(
            name: "shop-worker",
            dependencies: [
                "Jobs",
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "JobQueueCLI", package: "queue-worker"),
                .product(name: "JobQueuePostgres", package: "queue-worker"),
                .product(name: "JobQueueWorker", package: "queue-worker"),
                .product(name: "Postgres", package: "queue-worker"),
            ],
            path: "Sources/ShopWorker"),
        .testTarget(name: "ShopTests", dependencies: ["shop-order", "shop-worker"]),
    ]
)
