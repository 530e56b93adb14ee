// swift-tools-version: 6.2
import PackageDescription

// Tests that compare the server's own modules with other implementations of the same standards. They are a package of
// their own, so that those who only build the server need not fetch what only these tests use. scripts/test runs them.

let package = Package(
    name: "connvo-oracles",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "connvo-server", path: "../.."),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.0"),
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
