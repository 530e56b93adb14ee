/// Where a key set is read from.
protocol KeySetSource: Sendable {
    /// A path or an address, for the log.
    var name: String { get }
    /// How often it may be read.
    var rules: KeySetSchedule.Rules { get }

    /// Reads the text of the set once, in bounded time.
    func read() async throws(KeySetFailure) -> [UInt8]
}
