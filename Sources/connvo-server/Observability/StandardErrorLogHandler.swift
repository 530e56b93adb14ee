internal import Domain
internal import JSON
internal import Logging
internal import Text

/// Writes one line per event to standard error: JSON for machines, plain text for people.
///
/// A ``LogWriter`` writes the lines. Control characters in values are escaped, so that a value cannot look like a line.
struct StandardErrorLogHandler: LogHandler {
    enum Format: String, CaseIterable {
        case json, text
    }

    private let label: String
    private let format: Format
    private let writer: LogWriter
    private let threshold: LogThreshold
    /// Of this logger alone; nil while it follows the threshold.
    private var ownLevel: Logger.Level?
    var metadata: Logger.Metadata = [:]

    init(label: String, format: Format, threshold: LogThreshold, writer: LogWriter) {
        self.label = label
        self.format = format
        self.writer = writer
        self.threshold = threshold
    }

    var logLevel: Logger.Level {
        get { ownLevel ?? threshold.level }
        set { ownLevel = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var fields = metadata
        if let own = event.metadata { fields.merge(own) { $1 } }
        writer.append(Self.line(format, event.level, event.message.description, fields))
    }

    /// The text of one line, with its line feed.
    static func line(
        _ format: Format,
        _ level: Logger.Level,
        _ message: String,
        _ fields: Logger.Metadata
    ) -> [UInt8] {
        let sorted = fields.sorted { $0.key < $1.key }
        let time = SystemClock.now().rfc3339
        var line: [UInt8]
        switch format {
        case .json:
            var json = JSONWriter(capacity: 512)
            json.object { json in
                json.member("time", time)
                json.member("level", level.rawValue)
                json.member("message", message)
                for (key, value) in sorted {
                    // Numbers are numbers, so that what reads the log can compare them.
                    if case .stringConvertible(let number) = value, number is Int || number is Double {
                        json.key(key)
                        json.number(number.description)
                    } else {
                        json.member(key, value.description)
                    }
                }
            }
            line = json.bytes
        case .text:
            var text = "\(time) \(level.rawValue) \(message.safe(for: .logLine))"
            for (key, value) in sorted { text += " \(key)=\(value.description.safe(for: .logLine))" }
            line = Array(text.utf8)
        }
        line.append(UInt8(ascii: "\n"))
        return line
    }
}
