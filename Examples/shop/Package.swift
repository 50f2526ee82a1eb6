// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "shop",
    platforms: [.macOS(.v15)],
    dependencies: [
        // From where you have it: .package(url: "https://…/queue-worker", branch: "main")
        .package(name: "queue-worker", path: "../.."),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
    ],
    targets: [
        .executableTarget(
            name: "shop",
            dependencies: [
                .product(name: "JobQueueClient", package: "queue-worker"),
                .product(name: "JobQueueHTTP", package: "queue-worker"),
                .product(name: "Hummingbird", package: "hummingbird"),
            ],
            path: "Sources/Shop")
    ]
)
