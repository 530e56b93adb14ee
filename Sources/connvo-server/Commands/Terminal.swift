internal import Glibc
internal import Synchronization

/// Results go to standard output, everything else to standard error.
enum Terminal {
    /// Whether only results that were asked for, warnings and errors are said; see ``QuietOption``.
    static var isQuiet: Bool {
        get { quiet.load(ordering: .relaxed) }
        set { quiet.store(newValue, ordering: .relaxed) }
    }

    private static let quiet = Atomic<Bool>(false)

    // MARK: - Standard output

    /// A result. The command fails at its end when it could not be written; see ``StandardOutput``.
    static func print(_ text: String) {
        StandardOutput.print(Array((text + "\n").utf8))
    }

    /// What a command has done, one line for each thing. Nothing with `--quiet`.
    static func record(_ text: String) {
        if !isQuiet { print(text) }
    }

    // MARK: - Standard error

    /// A warning or an error.
    static func say(_ text: String) {
        write(text + "\n")
    }

    /// What goes on, or that all is well. Nothing with `--quiet`.
    static func note(_ text: String) {
        if !isQuiet { say(text) }
    }

    /// To standard error as it is, without a line end: for what is drawn over. What cannot be written is lost: there is
    /// no other place to say so.
    static func write(_ text: String) {
        _ = CommandOutput.write(Array(text.utf8)[...], to: STDERR_FILENO)
    }

    // MARK: - Standard input

    /// Everything on standard input, to its end.
    static func readAll() -> [UInt8] {
        var input: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = read(STDIN_FILENO, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return input }
            input += chunk.prefix(count)
        }
    }
}
