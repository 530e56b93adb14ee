/// Something wrong with what is to be seeded: `file:line:column: field: what is wrong`.
package struct SeedProblem: Hashable, Sendable, CustomStringConvertible {
    package enum Place: Hashable, Sendable {
        case position(SeedPosition)
        /// A row of the database that pruning this kind would remove.
        case pruning(SeedKind)
    }

    package let place: Place
    /// The column, or several; nil when the row as a whole is meant. When pruning, the row's key.
    package let field: String?
    package let message: String

    package init(at position: SeedPosition, field: String? = nil, _ message: String) {
        self.place = .position(position)
        self.field = field
        self.message = message
    }

    package init(pruning kind: SeedKind, key: String? = nil, _ message: String) {
        self.place = .pruning(kind)
        self.field = key
        self.message = message
    }

    package var description: String {
        let place =
            switch place {
            case .position(let position): position.description
            case .pruning(let kind): "--prune \(kind.rawValue)"
            }
        return "\(place): \(field.map { "\($0): " } ?? "")\(message)"
    }
}

extension SeedProblem: Comparable {
    /// By place, then by field; what is wrong in files comes first.
    package static func < (left: SeedProblem, right: SeedProblem) -> Bool {
        left.order < right.order
    }

    private var order: (String, Int, Int, String, String) {
        switch place {
        case .position(let position): (position.file, position.line, position.column, field ?? "", message)
        // Above every name of a file, as no scalar is greater.
        case .pruning(let kind): ("\u{10FFFF}", 0, 0, "\(kind.rawValue) \(field ?? "")", message)
        }
    }
}
