internal import CArguments

/// The arguments of this process.
enum ProcessArguments {
    /// Those that C's `main` gets, without the name of the program; nil where they are not to be had, and Swift's
    /// `CommandLine` has to do. It finds none when a preloaded library has moved the environment, and none without
    /// /proc.
    static var given: [String]? {
        guard let values = process_argument_values() else { return nil }
        return (0..<Int(process_argument_count())).dropFirst().compactMap { index in
            values[index].map { String(cString: $0) }
        }
    }
}
