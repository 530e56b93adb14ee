internal import ArgumentParser
internal import Text

/// `connvo-server help`: the help of a command, or a document that this binary carries.
///
/// It takes the place of ArgumentParser's `help`, which knows commands only and shows the help of the program for a name
/// that it does not know.
struct HelpCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "help",
        abstract: "Show the help of a command, or a document, such as help migrations.",
        helpNames: []
    )

    @Argument(
        help: ArgumentHelp("A command, such as migrate up, or a document, such as migrations.", valueName: "name")
    )
    var words: [String] = []
    /// `help migrate --help` is `help migrate`.
    @Flag(name: [.short, .long], help: .private) var help = false

    func validate() throws { _ = try page() }

    /// - Throws: `CleanExit` with the page, which is printed as all help is.
    func run() throws {
        let page = try page()
        throw CleanExit.message(page.hasSuffix("\n") ? String(page.dropLast()) : page)
    }

    /// - Throws: `ValidationError` (exit code 64) for words that name neither a command nor a document.
    private func page() throws -> String {
        if words.isEmpty { return ConnvoServer.helpMessage() + Self.topics }
        let topic = words.count == 1 ? HelpTopic.named(words[0]) : nil
        let (command, rest) = CommandTree.follow(words)
        guard let unknown = rest.first else {
            // The document of a command has its name: `help explain`.
            return ConnvoServer.helpMessage(for: command) + (topic.map { "\n\n\($0.text)" } ?? "")
        }
        if let topic { return topic.text }
        throw ValidationError(Self.unknown(unknown, after: words.dropLast(rest.count), of: command))
    }

    private static var topics: String {
        let topics = HelpTopic.all
        let width = topics.map(\.name.count).max() ?? 0
        let lines = topics.map { topic in
            "  \(topic.name)\(String(repeating: " ", count: width - topic.name.count))  \(topic.title)\n"
        }
        return "\n\nDOCUMENTS:\n\(lines.joined())\n  See 'connvo-server help <document>'."
    }

    private static func unknown(
        _ word: String,
        after parents: ArraySlice<String>,
        of command: CommandTree.Command
    ) -> String {
        let given = (parents + [word.safe(for: .table)]).joined(separator: " ")
        var names = CommandTree.names(of: command)
        if parents.isEmpty { names += HelpTopic.all.map(\.name) }
        let hint = NearNames.hint(for: word, in: names) ?? "connvo-server help lists what there is"
        return "there is no help on \"\(given)\"; \(hint)"
    }
}
