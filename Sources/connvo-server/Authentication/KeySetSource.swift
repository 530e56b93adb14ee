/// A place that a key set is read from.
protocol KeySetSource: Sendable {
    /// The path or the URL, for logs.
    var name: String { get }
    /// How often it is read.
    var rules: KeySetSchedule.Rules { get }

    /// Reads the text of the set once, within a time limit.
    func read() async throws(KeySetFailure) -> [UInt8]
}
