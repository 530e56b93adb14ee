/// A document that this binary carries, under the name by which `connvo-server help` prints it.
struct HelpTopic: Sendable, Equatable {
    /// `migrations` for docs/migrations.md. Where a command has the same name, `help` prints its help first.
    let name: String
    /// Of the document in the source tree.
    let path: String

    /// In the order of their names.
    static var all: [HelpTopic] {
        EmbeddedDocuments.paths.map(HelpTopic.init(path:)).sorted { $0.name < $1.name }
    }

    init(path: String) {
        self.path = path
        let file = path.split(separator: "/").last ?? ""
        name = (file.split(separator: ".").first ?? "").lowercased()
    }

    /// Nil when this binary carries no document of that name.
    static func named(_ name: String) -> HelpTopic? { all.first { $0.name == name } }

    /// Whether it is Markdown, for people; otherwise it is for tools.
    private var isMarkdown: Bool { path.hasSuffix(".md") }

    private var source: String { EmbeddedDocuments.text(of: path) }

    /// What it is about: mostly its first heading.
    var title: String {
        switch name {
        case "readme": return "What this server does, a client, and what to do before production"
        case "openapi": return "Every route, status and error, for tools (OpenAPI)"
        default: break
        }
        let heading = source.split(separator: "\n").first { $0.hasPrefix("# ") } ?? ""
        return String(heading.dropFirst(2))
    }

    /// The document. What refers to another document of this binary names the command that prints that one; a document
    /// for tools is printed as it is.
    var text: String { isMarkdown ? DocumentReferences.renamed(in: source, at: path) : source }
}
