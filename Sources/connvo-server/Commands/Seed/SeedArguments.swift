internal import ArgumentParser
internal import Persistence
internal import SeedFiles

/// A kind as it is named on the command line.
struct SeedKindName {
    let kind: SeedKind

    /// - Throws: `ValidationError`, with the near names.
    static func parse(_ text: String) throws -> SeedKindName { SeedKindName(kind: try NamedArgument.value(text)) }

    static var completion: CompletionKind { .list(SeedKind.allCases.map(\.rawValue)) }
}

/// A format as it is named on the command line.
struct SeedFormatName {
    let format: SeedFormat

    /// - Throws: `ValidationError`, with the near names.
    static func parse(_ text: String) throws -> SeedFormatName { SeedFormatName(format: try NamedArgument.value(text)) }

    static var completion: CompletionKind { .list(SeedFormat.allCases.map(\.rawValue)) }
}
