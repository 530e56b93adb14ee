// swift-tools-version: 6.2
import PackageDescription

// Tests that compare the server's modules with other implementations of the same standards. They are a separate
// package, so that building the server does not fetch the dependencies of these tests. scripts/test runs them.

let package = Package(
    name: "connvo-oracles",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "connvo-server", path: "../.."),
        .package(url: "https://github.com/vapor/jwt-kit", exact: "5.7.1"),
    ],
    targets: [
        .testTarget(
            name: "JWTKitTests",
            dependencies: [
                .product(name: "HostileTokens", package: "connvo-server"),
                .product(name: "JOSE", package: "connvo-server"),
                .product(name: "JSON", package: "connvo-server"),
                .product(name: "JWTKit", package: "jwt-kit"),
            ],
            swiftSettings: [.treatAllWarnings(as: .error)]
        )
    ]
)
