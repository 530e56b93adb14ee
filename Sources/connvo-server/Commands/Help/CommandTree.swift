internal import ArgumentParser

/// The commands of this program, by the words that name them.
enum CommandTree {
    typealias Command = any ParsableCommand.Type

    static func names(of command: Command) -> [String] {
        command.configuration.subcommands.compactMap { $0.configuration.commandName }
    }

    static func subcommand(_ name: String, of command: Command) -> Command? {
        command.configuration.subcommands.first { $0.configuration.commandName == name }
    }

    /// Follows `words` as far as each names a subcommand.
    ///
    /// - Returns: The command that they lead to, and the words that are left.
    static func follow(_ words: [String]) -> (command: Command, rest: ArraySlice<String>) {
        var command: Command = ConnvoServer.self
        var rest = words[...]
        while let word = rest.first, let next = subcommand(word, of: command) {
            command = next
            rest = rest.dropFirst()
        }
        return (command, rest)
    }
}
