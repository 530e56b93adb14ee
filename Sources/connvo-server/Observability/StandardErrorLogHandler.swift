internal import Domain
internal import Glibc
internal import Logging
internal import NIOCore

/// Writes one line per event to standard error: JSON for machines, plain text for people.
///
/// Each line is written by one write(2). Control characters in values are escaped, so that a value cannot look like a
/// line.
struct StandardErrorLogHandler: LogHandler {
    enum Format: String, CaseIterable {
        case json, text
    }

    private let label: String
    private let format: Format
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]

    init(label: String, format: Format, level: Logger.Level) {
        self.label = label
        self.format = format
        logLevel = level
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var line = ByteBuffer()
        var fields = metadata
        if let own = event.metadata { fields.merge(own) { $1 } }
        let now = SystemClock.now()
        switch format {
        case .json:
            line.writeStaticString(#"{"time":"#)
            line.writeJSON(now.rfc3339)
            line.writeStaticString(#","level":"#)
            line.writeJSON(event.level.rawValue)
            line.writeStaticString(#","message":"#)
            line.writeJSON("\(event.message)")
            for (key, value) in fields.sorted(by: { $0.key < $1.key }) {
                line.writeStaticString(",")
                line.writeJSON(key)
                line.writeStaticString(":")
                line.writeJSON("\(value)")
            }
            line.writeStaticString("}\n")
        case .text:
            line.writeString("\(now.rfc3339) \(event.level.rawValue) \(Self.escaped("\(event.message)"))")
            for (key, value) in fields.sorted(by: { $0.key < $1.key }) {
                line.writeString(" \(key)=\(Self.escaped("\(value)"))")
            }
            line.writeStaticString("\n")
        }
        line.withUnsafeReadableBytes { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    private static func escaped(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else { return text }
        return String(text.unicodeScalars.map { $0.properties.generalCategory == .control ? "?" : Character($0) })
    }
}
