internal import Glibc

/// Asks an operator before something that cannot be taken back.
enum Confirmation {
    /// Asks on a terminal. Elsewhere nothing can be asked, so that only `--yes` confirms.
    ///
    /// - Parameters:
    ///   - question: Without a question mark.
    ///   - isGiven: Whether the command line has `--yes`.
    /// - Throws: ``CommandFailure`` when it is not confirmed.
    static func require(_ question: String, isGiven: Bool) throws(CommandFailure) {
        if isGiven { return }
        guard isatty(STDIN_FILENO) == 1 else {
            throw CommandFailure(.failed, "nothing was changed: standard input is no terminal, so this needs --yes")
        }
        Terminal.write("\(question)? Type yes to go on: ")
        guard readLine() == "yes" else { throw CommandFailure(.failed, "nothing was changed") }
    }
}
