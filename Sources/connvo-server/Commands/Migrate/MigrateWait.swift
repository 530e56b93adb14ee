internal import ArgumentParser
internal import Domain
internal import Persistence
internal import PostgreSQL

struct MigrateWait: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wait",
        abstract: "Wait until the database answers.",
        discussion: """
            Example: connvo-server migrate wait --timeout 2m && connvo-server migrate

            Exits with 69 when it did not answer in time; why not is said meanwhile, whenever that changes.
            """
    )

    @Option(help: "How long: 500ms, 60s, 2m.", transform: DurationArgument.parse)
    var timeout: Duration = .seconds(60)
    @OptionGroup var quietness: QuietOption

    func run() async throws {
        let limit = timeout
        try await reporting(isQuiet: quietness.isQuiet) {
            let target = try await AdministrativeConnection.target(purpose: "migrate")
            let reason = await onThreadOfItsOwn(named: "wait") { Self.reasonOfSilence(of: target, for: limit) }
            if let reason {
                throw CommandFailure(
                    .unavailable,
                    "the database did not answer within \(DurationText.text(limit)): \(reason)"
                )
            }
        }
    }

    /// Connects again and again. Nil as soon as that worked, else why it did not at last.
    private static func reasonOfSilence(of target: ConnectionTarget, for limit: Duration) -> String? {
        let deadline = Deadline.after(limit)
        var said: String?
        while true {
            do {
                // One that stays silent is asked again after a while: it may have been replaced behind its name.
                _ = try Connection.open(target, deadline: min(deadline, .after(.seconds(5))))
                return nil
            } catch {
                guard !deadline.hasPassed else { return error.message }
                if said != error.message {
                    said = error.message
                    Terminal.note("waiting for the database: \(error.message)")
                }
            }
            deadline.sleep(atMost: .milliseconds(200))
            guard !deadline.hasPassed else { return said }
        }
    }
}
