internal import ArgumentParser
internal import Glibc

/// Looks at everything that `serve` depends on, and changes nothing.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Check the settings and everything that serve depends on.",
        discussion: """
            Example: connvo-server doctor
            Example: connvo-server doctor --config --json | jq '.settings[] | select(.set)'

            It reads settings as serve does, asks the database with the login of serve, and reads the key set; it changes \
            nothing and ends within 15 seconds. Secrets are never shown. Exit codes: 0 no fault, 78 a setting is wrong, 69 \
            the database or the key set's server does not answer, 4 the database is newer, 1 another fault.
            """
    )

    @Flag(help: "Look at the settings alone: ask neither the database nor the network.") var config = false
    @Flag(help: "Print JSON; `connvo-server help doctor` lists its members.") var json = false
    @Flag(help: "Exit with 1 for a warning, or for a check that could not be done.") var strict = false
    @OptionGroup(title: "Settings as flags of serve") var options: ServeOptions

    func run() async throws {
        try await reporting {
            let settings = await DoctorSettings.read(flags: options.flags)
            let checks = config ? DoctorCheck.ofSettings : DoctorCheck.all
            let findings = await DoctorExamination(settings: settings, checks: checks).run()
            let report = DoctorReport(settings, checks: checks, findings: findings, isStrict: strict)
            Terminal.print(json ? try CommandJSON.encode(report) : report.text(isColored: Self.usesColor))
            guard report.status == .done else { throw ExitCode(report.status.rawValue) }
        }
    }

    /// Whether standard output is a terminal, and its user has not asked for none (https://no-color.org).
    private static var usesColor: Bool {
        guard isatty(STDOUT_FILENO) == 1 else { return false }
        let environment = ProcessEnvironment.current()
        return environment["NO_COLOR", default: ""].isEmpty && environment["TERM"] != "dumb"
    }
}
