internal import ArgumentParser
internal import Domain
internal import NIOCore

/// Asks the server that runs on this machine whether it is well: for images without curl.
///
/// It reads only the settings that say where the listener is, so that another setting that is wrong does not hide how the
/// running server is.
struct HealthcheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "healthcheck",
        abstract: "Ask the running server whether it is ready, for images without curl.",
        discussion: """
            Example: HEALTHCHECK CMD ["connvo-server", "healthcheck"]

            It asks /readyz of the admin listener (ADMIN_HOST, ADMIN_PORT; with ADMIN_PORT=0 the public one), at the \
            loopback address where that listens at every address, and prints one line. Exit codes: 0 ready, 1 not ready or \
            no answer, 78 a setting of the listener is wrong.
            """
    )

    @Flag(help: "Ask /livez: whether the process answers, ready or not.") var live = false
    @Option(help: "How long the answer may take, up to 24h.", transform: DurationArgument.parse)
    var timeout: Duration = .seconds(2)
    @Option(help: "Address of the admin listener (ADMIN_HOST).") var adminHost: String?
    @Option(help: "Port of the admin listener, 0 for none (ADMIN_PORT).") var adminPort: Int?
    @OptionGroup var quietness: QuietOption

    private var flags: [String: String] {
        let given: [(Setting, String?)] = [(.adminHost, adminHost), (.adminPort, adminPort.map(String.init))]
        return Dictionary(uniqueKeysWithValues: given.compactMap { setting, value in value.map { (setting.name, $0) } })
    }

    func run() async throws {
        try await reporting(isQuiet: quietness.isQuiet) {
            let (probe, isAdmin) = try await probe()
            // The public listener gives no reasons.
            let path = live ? "/livez" : isAdmin ? "/readyz?verbose" : "/readyz"
            let limit = TimeAmount.microseconds(timeout.microseconds)
            let answer: HealthProbe.Answer
            do {
                answer = try await probe.ask(path, within: limit)
            } catch {
                throw CommandFailure(.failed, "\(probe.url(path)): \(error)")
            }
            guard answer.status == 200 else {
                let reasons = answer.obstacles.isEmpty ? "" : ": \(answer.obstacles.joined(separator: "; "))"
                throw CommandFailure(.failed, "\(probe.url(path)) answers \(answer.status)\(reasons)")
            }
            Terminal.record("\(live ? "alive" : "ready"): \(probe.url(path)) answers 200")
        }
    }

    /// Where to ask, and whether that is the admin listener.
    ///
    /// - Throws: ``ConfigurationFailure`` with what is wrong with the settings of that listener.
    private func probe() async throws(ConfigurationFailure) -> (HealthProbe, isAdmin: Bool) {
        var settings = try await SettingsReader(flags: flags)
        let admin = ServerConfiguration.listener(.adminHost, .adminPort, &settings)
        try Self.check(settings, [.adminHost, .adminPort])
        if admin.port != 0 {
            let usesTLS = settings.string(.adminTLSCertificateFile) != nil
            return (HealthProbe(listenHost: admin.host, port: admin.port, usesTLS: usesTLS), true)
        }
        let listener = ServerConfiguration.listener(.httpHost, .httpPort, &settings)
        if listener.port == 0 {
            let remedy = "give one of them: with 0 the system chooses the port"
            settings.note(.adminPort, "is 0, and so is HTTP_PORT", remedy)
        }
        try Self.check(settings, [.httpHost, .httpPort, .adminPort])
        let usesTLS = settings.string(.httpTLSCertificateFile) != nil
        return (HealthProbe(listenHost: listener.host, port: listener.port, usesTLS: usesTLS), false)
    }

    private static func check(_ settings: SettingsReader, _ needed: [Setting]) throws(ConfigurationFailure) {
        let names = needed.map(\.name)
        let problems = settings.problems.filter { names.contains($0.setting) }
        guard problems.isEmpty else { throw ConfigurationFailure(problems) }
    }
}
