extension String {
    /// Text from a file as a message may quote it: without control characters, which a terminal would obey, and cut
    /// at 64 scalars.
    var inMessage: String {
        var shown = String.UnicodeScalarView()
        for scalar in unicodeScalars.prefix(64) {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: shown.append("\u{FFFD}")
            default: shown.append(scalar)
            }
        }
        return String(shown) + (unicodeScalars.dropFirst(64).isEmpty ? "" : "...")
    }
}
