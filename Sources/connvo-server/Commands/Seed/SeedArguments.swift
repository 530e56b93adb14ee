internal import ArgumentParser
internal import Persistence
internal import SeedFiles

/// A kind as it is named on the command line.
struct SeedKindName: ExpressibleByArgument {
    let kind: SeedKind

    init?(argument: String) {
        guard let kind = SeedKind(rawValue: argument) else { return nil }
        self.kind = kind
    }

    static var allValueStrings: [String] { SeedKind.allCases.map(\.rawValue) }
}

/// A format as it is named on the command line.
struct SeedFormatName: ExpressibleByArgument {
    let format: SeedFormat

    init?(argument: String) {
        guard let format = SeedFormat(rawValue: argument) else { return nil }
        self.format = format
    }

    static var allValueStrings: [String] { SeedFormat.allCases.map(\.rawValue) }
}
