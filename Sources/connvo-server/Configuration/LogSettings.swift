internal import Glibc
internal import Logging

/// How much is logged, and in which form (`LOG_LEVEL`, `LOG_FORMAT`).
struct LogSettings {
    enum Format: String, CaseIterable {
        /// JSON, unless a person is looking.
        case auto
        case json, text
    }

    let level: Logger.Level
    let format: StandardErrorLogHandler.Format

    init(_ settings: inout SettingsReader) {
        level = settings.choice(.logLevel, of: Logger.Level.self)
        switch settings.choice(.logFormat, of: Format.self) {
        case .auto: format = isatty(STDERR_FILENO) == 1 ? .text : .json
        case .json: format = .json
        case .text: format = .text
        }
    }

    func makeLogger(label: String) -> Logger {
        Logger(label: label) { StandardErrorLogHandler(label: $0, format: format, level: level) }
    }
}
