internal import Glibc
internal import Logging
internal import PostgreSQL

/// The minimum level and the format of log lines (`LOG_LEVEL`, `LOG_FORMAT`).
struct LogSettings {
    enum Format: String, CaseIterable {
        /// Text when standard error is a terminal, otherwise JSON.
        case auto
        case json, text
    }

    let level: Logger.Level
    let format: StandardErrorLogHandler.Format
    /// Of the loggers that this makes.
    let threshold: LogThreshold

    init(_ settings: inout SettingsReader) {
        level = settings.choice(.logLevel, of: Logger.Level.self)
        threshold = LogThreshold(level)
        switch settings.choice(.logFormat, of: Format.self) {
        case .auto: format = isatty(STDERR_FILENO) == 1 ? .text : .json
        case .json: format = .json
        case .text: format = .text
        }
    }

    /// `LOG_SUCCESSES_PER_SECOND`, as ``SuccessSampling/limit``.
    static func successLinesPerSecond(_ settings: inout SettingsReader) -> Int {
        let text = settings.text(.logSuccessesPerSecond)
        if text == "all" { return .max }
        guard let limit = Int(text), (0...1_000_000).contains(limit) else {
            settings.note(
                .logSuccessesPerSecond,
                "is \(SettingText.quoted(text))",
                "give a whole number from 0 to 1000000, or all"
            )
            return 0
        }
        return limit
    }

    /// - Throws: ``DatabaseError`` when the system gives no descriptor or no thread for the writer.
    func makeWriter() throws(DatabaseError) -> LogWriter {
        try LogWriter(fileDescriptor: STDERR_FILENO) { [format] count in
            StandardErrorLogHandler.line(format, .warning, "Log lines were dropped", ["dropped": "\(count)"])
        }
    }

    func makeLogger(label: String, writer: LogWriter) -> Logger {
        Logger(label: label) {
            StandardErrorLogHandler(label: $0, format: format, threshold: threshold, writer: writer)
        }
    }
}
