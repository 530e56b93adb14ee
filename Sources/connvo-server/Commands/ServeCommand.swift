internal import ArgumentParser
internal import CHeap
internal import Glibc
internal import JOSE
internal import Logging
internal import NIOCore
internal import ServiceLifecycle

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Answer requests for tokens.",
        discussion: """
            Example: DATABASE_URL=postgresql:///connvo STREAM_API_SECRET_FILE=/run/secrets/stream connvo-server serve

            Settings come from the environment and from .env; `connvo-server help configuration` lists them.
            """
    )

    @OptionGroup var options: ServeOptions

    func run() async throws {
        heap_configure()
        try await reporting(nil) {
            let signals = try SignalWatch(limit: ConnvoApplication.shutdownLimit)
            do {
                try CryptographySelfTest.run()
            } catch {
                throw CommandFailure(.badConfiguration, "\(error)")
            }
            let source = Reloader.Source(
                flags: options.flags,
                environment: ProcessEnvironment.current(),
                environmentFile: ".env"
            )
            var settings = try await SettingsReader(
                flags: source.flags,
                environment: source.environment,
                environmentFile: source.environmentFile
            )
            let logSettings = LogSettings(&settings)
            let logWriter = try logSettings.makeWriter()
            defer { logWriter.end(within: .seconds(1)) }
            let logger = logSettings.makeLogger(label: "connvo-server", writer: logWriter)
            var configuration = try ServerConfiguration(&settings)
            try configuration.settleListeners()
            Self.sayKeys(configuration.streamSecrets, logger)
            Self.remind(configuration, logger)
            try await FirstConnection.attempt(configuration.database)
            let application = try ConnvoApplication(
                configuration,
                logger: logger,
                droppedLogLines: { logWriter.droppedLineCount }
            )
            await application.keySet.step()
            let notification = ServiceNotification(logger: logger)
            var lifecycle = ServiceGroupConfiguration(
                services: application.services(reportingTo: notification),
                logger: logger
            )
            lifecycle.maximumGracefulShutdownDuration = ConnvoApplication.shutdownDelay + ConnvoApplication.drainLimit
            let group = ServiceGroup(configuration: lifecycle)
            let reloader = try Reloader(
                source,
                settings: settings,
                configuration: configuration,
                application: application,
                logThreshold: logSettings.threshold,
                notification: notification
            )
            try reloader.start()
            signals.serve(logger: logger, logWriter: logWriter, reload: reloader.request) {
                notification?.send(["STOPPING=1", "STATUS=Shutting down"])
                // The thread that watches the time must not wait for an actor. A group that does not run yet remembers.
                Task { await group.triggerGracefulShutdown() }
            }
            do {
                try await group.run()
            } catch let error as IOError {
                // Another process took a port after it was checked.
                try configuration.settleListeners()
                throw error
            }
        }
    }

    /// Names the secrets, as records and reports do.
    private static func sayKeys(_ secrets: StreamSecrets, _ logger: Logger) {
        var metadata: Logger.Metadata = ["signing_key_id": "\(secrets.signer.keyID)"]
        if let previous = secrets.previous { metadata["previous_key_id"] = "\(previous.keyID)" }
        logger.info("Tokens are signed with STREAM_API_SECRET", metadata: metadata)
    }

    private static func remind(_ configuration: ServerConfiguration, _ logger: Logger) {
        if configuration.allowsDevelopmentTokens {
            logger.warning("Development tokens are accepted: this must not be a production server")
        }
        if !configuration.streamGrantsConfirmed {
            logger.warning(
                """
                Unless role "user" lacks join-call at Stream, any token lets its holder join any call and the paid tier \
                is not enforced there: see "Before production" in `connvo-server help readme`, then set \
                STREAM_GRANTS_CONFIRMED=true
                """
            )
        }
    }
}
