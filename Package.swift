// swift-tools-version: 6.2
import PackageDescription

/// Every target of ours is held to the same rules: language mode 6 (implied by the tools version),
/// the upcoming features that make imports and existentials explicit, and no warnings.
let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),  // SE-0335
    .enableUpcomingFeature("InternalImportsByDefault"),  // SE-0409
    .enableUpcomingFeature("MemberImportVisibility"),  // SE-0444
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),  // SE-0461
    .treatAllWarnings(as: .error),
]

let package = Package(
    name: "connvo-server",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "connvo-server", targets: ["connvo-server"]),
        // For the packages in Fuzz and Tests/Oracles, which are built by themselves.
        .library(name: "ConvexAPI", targets: ["ConvexAPI"]),
        .library(name: "Domain", targets: ["Domain"]),
        .library(name: "HostileTokens", targets: ["HostileTokens"]),
        .library(name: "JOSE", targets: ["JOSE"]),
        .library(name: "JSON", targets: ["JSON"]),
        .library(name: "SeedFiles", targets: ["SeedFiles"]),
        .library(name: "Text", targets: ["Text"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", exact: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", exact: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
        .package(url: "https://github.com/apple/swift-system", exact: "1.8.1"),
        .package(url: "https://github.com/swift-server/async-http-client", exact: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
    ],
    targets: [
        .systemLibrary(name: "CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),

        .target(name: "CArguments"),
        .target(name: "CClock"),
        .target(name: "CHeap"),
        .target(name: "Text", swiftSettings: settings),
        .target(name: "Domain", swiftSettings: settings),
        .target(name: "JSON", dependencies: ["Text"], swiftSettings: settings),
        .target(name: "JOSE", dependencies: ["COpenSSL", "JSON", "Text"], swiftSettings: settings),
        .target(name: "ConvexAPI", dependencies: ["Domain", "JSON", "Text"], swiftSettings: settings),
        .target(name: "PostgreSQL", dependencies: ["CLibPQ"], swiftSettings: settings),
        .target(
            name: "Persistence",
            dependencies: [
                "Domain",
                "PostgreSQL",
                .product(name: "DequeModule", package: "swift-collections"),
            ],
            swiftSettings: settings,
            plugins: ["EmbedFiles"]
        ),
        .target(
            name: "SeedFiles",
            dependencies: ["Domain", "JSON", "Persistence", "Text"],
            swiftSettings: settings
        ),
        .target(
            name: "Prometheus",
            dependencies: [.product(name: "CoreMetrics", package: "swift-metrics")],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "connvo-server",
            dependencies: [
                "CArguments",
                "CClock",
                "CHeap",
                "ConvexAPI",
                "Domain",
                "JOSE",
                "JSON",
                "Persistence",
                "PostgreSQL",
                "Prometheus",
                "SeedFiles",
                "Text",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "NIOTLS", package: "swift-nio"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: settings,
            plugins: ["EmbedFiles"]
        ),

        .plugin(
            name: "EmbedFiles",
            capability: .buildTool(),
            dependencies: ["EmbedFilesTool"]
        ),
        .executableTarget(
            name: "EmbedFilesTool",
            path: "Plugins/EmbedFilesTool",
            swiftSettings: settings
        ),

        .target(
            name: "TestSupport",
            dependencies: ["Persistence", "PostgreSQL"],
            path: "Tests/TestSupport",
            swiftSettings: settings
        ),
        .target(
            name: "HostileTokens",
            dependencies: ["JOSE", "Text"],
            path: "Tests/HostileTokens",
            swiftSettings: settings
        ),
        .testTarget(name: "TextTests", dependencies: ["Text"], swiftSettings: settings),
        .testTarget(name: "DomainTests", dependencies: ["Domain", "TestSupport"], swiftSettings: settings),
        .testTarget(name: "ConvexAPITests", dependencies: ["ConvexAPI", "Domain", "JSON"], swiftSettings: settings),
        .testTarget(name: "JSONTests", dependencies: ["JSON", "Text"], swiftSettings: settings),
        .testTarget(
            name: "JOSETests",
            dependencies: [
                "COpenSSL", "HostileTokens", "JOSE", "TestSupport", "Text",
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "PostgreSQLTests",
            dependencies: ["PostgreSQL", "TestSupport"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "PersistenceTests",
            dependencies: ["Domain", "Persistence", "PostgreSQL", "TestSupport"],
            exclude: ["Seeding/Golden"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "SeedFilesTests",
            dependencies: ["Persistence", "PostgreSQL", "SeedFiles", "TestSupport", "Text"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "PrometheusTests",
            dependencies: [
                "Prometheus",
                .product(name: "Metrics", package: "swift-metrics"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "ServerTests",
            dependencies: [
                "connvo-server",
                "ConvexAPI",
                "Domain",
                "HostileTokens",
                "JOSE",
                "JSON",
                "Persistence",
                "PostgreSQL",
                "Prometheus",
                "SeedFiles",
                "TestSupport",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "InMemoryLogging", package: "swift-log"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "NIOTLS", package: "swift-nio"),
            ],
            exclude: ["Recorded/Exchanges"],
            swiftSettings: settings
        ),
    ]
)
