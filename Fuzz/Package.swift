// swift-tools-version: 6.2
import PackageDescription

// The fuzz targets: a package of its own, so that ordinary builds know nothing of it. It compiles the very sources of
// the server through symbolic links, without any dependency but OpenSSL. scripts/fuzz builds and runs it.

/// As in the package above, so that the same sources mean the same.
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
    targets: [
        .systemLibrary(name: "COpenSSL", path: "Sources/COpenSSL", pkgConfig: "libcrypto"),
        .target(name: "Domain", swiftSettings: settings),
        .target(
            name: "JOSE",
            dependencies: ["COpenSSL"],
            // Optimized, and yet its inner parts in reach: claims are judged without a signature in front of them.
            swiftSettings: settings + [.unsafeFlags(["-enable-testing"])]
        ),
        .executableTarget(name: "fuzz", dependencies: ["Domain", "JOSE"], swiftSettings: settings),
    ]
)
