/// The problems of one run: the first ones by place, and how many there are in all.
///
/// A file with a million bad rows takes no more memory, and no more lines on a terminal, than one with a hundred.
package struct SeedProblems: Sendable {
    /// How many are kept; nil keeps all.
    package let limit: Int?
    /// How many there are, those that are not kept among them.
    package private(set) var count = 0
    /// More than the limit, so that sorting is rare; see ``trim()``.
    private var kept: [SeedProblem] = []

    package init(limit: Int? = nil) {
        self.limit = limit
    }

    package init(_ problems: some Sequence<SeedProblem>, limit: Int? = nil) {
        self.limit = limit
        for problem in problems { append(problem) }
    }

    package var isEmpty: Bool { count == 0 }

    /// At most as many as the limit, sorted by place.
    package var first: [SeedProblem] { Array(kept.sorted().prefix(limit ?? kept.count)) }

    package mutating func append(_ problem: SeedProblem) {
        count += 1
        kept.append(problem)
        trim()
    }

    /// Counts problems of which no more than their number is known.
    mutating func count(_ others: Int) { count += others }

    private mutating func trim() {
        guard let limit, kept.count >= max(64, 2 * limit) else { return }
        kept = first
    }
}

extension SeedProblems: CustomStringConvertible {
    /// One line a problem, and one for those that are not kept.
    package var description: String {
        let shown = first
        let others = count - shown.count
        return (shown.map(\.description) + (others > 0 ? ["... and \(others) more (--all-problems shows all)"] : []))
            .joined(separator: "\n")
    }
}
