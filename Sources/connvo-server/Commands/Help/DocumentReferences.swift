/// Rewrites what refers to another document by its path in the source tree, which an installed binary does not have.
enum DocumentReferences {
    /// `[maintenance.md](maintenance.md#retention)` and docs/maintenance.md become `connvo-server help maintenance`. A link
    /// to a file that is not embedded keeps its text and says where the file is; one to a picture or inside the document
    /// keeps its text.
    ///
    /// - Parameters:
    ///   - text: Markdown. Blocks of code between lines of three backquotes stay as they are.
    ///   - path: Of the document in the source tree: links are relative to it.
    static func renamed(in text: String, at path: String) -> String {
        let folder = path.contains("/") ? String(path.prefix(upTo: path.lastIndex(of: "/") ?? path.endIndex)) : ""
        let parts = text.split(separator: "```", omittingEmptySubsequences: false)
        return parts.enumerated().map { index, part in
            index.isMultiple(of: 2) ? prose(part, folder: folder) : String(part)
        }.joined(separator: "```")
    }

    private static func prose(_ text: Substring, folder: String) -> String {
        var rest = text
        var renamed = ""
        while let middle = rest.firstRange(of: "]("), let end = rest[middle.upperBound...].firstIndex(of: ")"),
            let start = rest[..<middle.lowerBound].lastIndex(of: "[")
        {
            let label = rest[rest.index(after: start)..<middle.lowerBound]
            let target = rest[middle.upperBound..<end]
            var before = rest[..<start]
            let isPicture = before.hasSuffix("!")
            if isPicture { before.removeLast() }
            renamed += paths(in: before)
            renamed += isPicture ? "(a picture: \(label))" : link(label, to: target, folder: folder)
            rest = rest[rest.index(after: end)...]
        }
        return renamed + paths(in: rest)
    }

    private static func link(_ label: Substring, to target: Substring, folder: String) -> String {
        if target.hasPrefix("#") { return String(label) }
        if target.contains("://") { return label == target ? String(target) : "\(label) (\(target))" }
        if target.hasSuffix(".png") { return String(label) }
        let path = resolved(target.prefix { $0 != "#" }, folder: folder)
        // The index of the source tree; `help` prints the one of this binary.
        if path.hasPrefix("docs"), path.hasSuffix("/README.md") { return "`connvo-server help`" }
        let namesFile = label.hasSuffix(".md") || label.hasSuffix(".yaml")
        guard let topic = HelpTopic.all.first(where: { $0.path == path }) else {
            return namesFile ? "\(path) (of the source tree)" : "\(label) (\(path) of the source tree)"
        }
        return namesFile ? command(topic) : "\(label) (\(command(topic)))"
    }

    private static func resolved(_ target: Substring, folder: String) -> String {
        var folders = folder.split(separator: "/")
        for part in target.split(separator: "/") {
            if part == ".." { _ = folders.popLast() } else { folders.append(part) }
        }
        return folders.joined(separator: "/")
    }

    /// Paths of documents in running text, in backquotes or not.
    private static func paths(in text: Substring) -> String {
        var renamed = String(text)
        for topic in HelpTopic.all {
            let file = topic.path.split(separator: "/").last.map(String.init) ?? topic.path
            for name in [topic.path, file] {
                renamed = renamed.replacing("`\(name)`", with: command(topic))
                renamed = replacing(name, with: command(topic), in: renamed)
            }
        }
        return renamed
    }

    /// Replaces the name of a file where it is not the end of a path or of a longer name.
    private static func replacing(_ file: String, with command: String, in text: String) -> String {
        var rest = text[...]
        var replaced = ""
        while let found = rest.firstRange(of: file) {
            let isName = rest[..<found.lowerBound].last.map { !($0 == "/" || $0 == "-" || $0.isLetter) } ?? true
            replaced += rest[..<found.lowerBound] + (isName ? command : file)
            rest = rest[found.upperBound...]
        }
        return replaced + rest
    }

    private static func command(_ topic: HelpTopic) -> String { "`connvo-server help \(topic.name)`" }
}
