internal import ArgumentParser

/// An argument that is one of a few names.
enum NamedArgument {
    /// For `transform:` of an option.
    ///
    /// - Throws: `ValidationError`, which says the near names and all names that there are.
    static func value<Value: RawRepresentable<String> & CaseIterable>(_ text: String) throws -> Value {
        if let value = Value(rawValue: text) { return value }
        let names = Value.allCases.map(\.rawValue)
        let all = names.joined(separator: ", ")
        throw ValidationError(
            NearNames.hint(for: text, in: names).map { "\($0) There are \(all)" } ?? "there are \(all)"
        )
    }
}
