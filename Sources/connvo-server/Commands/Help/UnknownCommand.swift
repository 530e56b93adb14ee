internal import ArgumentParser
internal import Text

/// A word of the command line that stands where a subcommand is expected, and names none.
///
/// The parser calls such a word an unexpected argument, or shows the help of the command before it when `--help` follows.
/// Every command of ours that has subcommands takes nothing else than options, so the word is known to be wrong before
/// anything is parsed.
struct UnknownCommand: CustomStringConvertible {
    private let parents: ArraySlice<String>
    private let word: String
    private let command: CommandTree.Command

    /// Nil when there is no such word in `arguments`, which are those after the name of the program.
    init?(in arguments: [String]) {
        let (command, rest) = CommandTree.follow(arguments)
        guard let word = rest.first, !word.hasPrefix("-"), !CommandTree.names(of: command).isEmpty else { return nil }
        self.command = command
        self.word = word
        parents = arguments.dropLast(rest.count)
    }

    /// Ends the process with exit code 64 where there is such a word in `arguments`.
    static func refuse(in arguments: [String]?) {
        guard let arguments, let unknown = UnknownCommand(in: arguments) else { return }
        Terminal.say(unknown.description)
        ConnvoServer.exit(withError: ExitCode.validationFailure)
    }

    /// For `migrate help` and for the name of a document.
    private var helpHint: String? {
        guard word == "help" || HelpTopic.named(word) != nil else { return nil }
        let words = word == "help" ? parents.joined(separator: " ") : word
        return "did you mean connvo-server help \(words)?"
    }

    /// What is wrong, the near names or all, and the usage: as the parser says what it refuses.
    var description: String {
        let names = CommandTree.names(of: command)
        let given = (parents + [word.safe(for: .table)]).joined(separator: " ")
        let hint = helpHint ?? NearNames.hint(for: word, in: names) ?? "there are \(names.joined(separator: ", "))"
        let parent = (["connvo-server"] + parents).joined(separator: " ")
        return """
            Error: There is no command "\(given)"; \(hint)
            Usage: \(parent) <subcommand>
              See '\(parent) --help' for more information.
            """
    }
}
