internal import ArgumentParser

/// The settings of `serve` that have flags. `doctor` takes the same, to read what `serve` would read.
struct ServeOptions: ParsableArguments {
    @Option(help: "Address of the public listener (HTTP_HOST).") var httpHost: String?
    @Option(help: "Port of the public listener (HTTP_PORT).") var httpPort: Int?
    @Option(help: "Address of the admin listener (ADMIN_HOST).") var adminHost: String?
    @Option(help: "Port of the admin listener, 0 for none (ADMIN_PORT).") var adminPort: Int?
    @Option(help: "trace, debug, info, notice, warning, error or critical (LOG_LEVEL).") var logLevel: String?
    @Option(help: "auto, json or text (LOG_FORMAT).") var logFormat: String?

    /// The values by the names of their settings.
    var flags: [String: String] {
        let given: [(Setting, String?)] = [
            (.httpHost, httpHost), (.httpPort, httpPort.map(String.init)),
            (.adminHost, adminHost), (.adminPort, adminPort.map(String.init)),
            (.logLevel, logLevel), (.logFormat, logFormat),
        ]
        return Dictionary(uniqueKeysWithValues: given.compactMap { setting, value in value.map { (setting.name, $0) } })
    }
}
