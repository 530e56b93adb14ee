internal import ArgumentParser

/// A time span on the command line: `500ms`, `60s`, `2m`, `1h`.
enum DurationArgument {
    /// A day, in milliseconds: more is a slip of the finger.
    private static let limit: Int64 = 24 * 3_600_000

    /// - Throws: `ValidationError`, which says what is wrong and what would be right.
    static func parse(_ text: String) throws -> Duration {
        let units: [(suffix: String, milliseconds: Int64)] = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)]
        guard let match = text.wholeMatch(of: /([0-9]{1,6})(ms|s|m|h)/), let count = Int64(match.1),
            let unit = units.first(where: { $0.suffix == match.2 }),
            (1...limit).contains(count * unit.milliseconds)
        else {
            throw ValidationError(
                "\"\(text)\" is no time span up to 24h: give a whole number and ms, s, m or h, such as 500ms, 60s or 2m"
            )
        }
        return .milliseconds(count * unit.milliseconds)
    }

    /// The span in the largest unit that leaves no rest.
    static func text(_ duration: Duration) -> String {
        let milliseconds = duration.milliseconds
        if milliseconds % 60_000 == 0, milliseconds > 0 { return "\(milliseconds / 60_000)m" }
        return milliseconds % 1000 == 0 ? "\(milliseconds / 1000)s" : "\(milliseconds)ms"
    }
}

extension Duration {
    /// Whole milliseconds, rounded towards zero.
    var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}
