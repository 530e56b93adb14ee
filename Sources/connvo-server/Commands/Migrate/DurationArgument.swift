internal import ArgumentParser
internal import Domain

/// A duration on the command line: `500ms`, `60s`, `2m`, `1h`.
enum DurationArgument {
    /// - Throws: `ValidationError`, which says what is wrong and what would be right.
    static func parse(_ text: String) throws -> Duration {
        guard let duration = DurationText.parse(text, in: .milliseconds(1) ... .hours(24)) else {
            throw ValidationError(
                "\"\(text)\" is no time span up to 24h: give a whole number and ms, s, m or h, such as 500ms, 60s or 2m"
            )
        }
        return duration
    }
}
