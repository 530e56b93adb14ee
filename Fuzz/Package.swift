// swift-tools-version: 6.2
import PackageDescription

// The fuzz targets: a package of their own, so that ordinary builds know nothing of it. It depends on the library modules
// of the server and sees their inner parts by `@testable import`. scripts/fuzz builds and runs it.

/// As in the package of the server.
let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

let package = Package(
    name: "connvo-fuzz",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "connvo-server", path: "..")],
    targets: [
        .executableTarget(
            name: "fuzz",
            dependencies: ["ConvexAPI", "Domain", "JOSE", "JSON", "SeedFiles", "Text"].map {
                .product(name: $0, package: "connvo-server")
            },
            swiftSettings: settings,
            linkerSettings: [.linkedLibrary("stdc++")]  // for libFuzzer
        )
    ]
)
