internal import Domain
internal import PostgreSQL
internal import Synchronization

/// Reads the settings again while `serve` runs, and takes all new values, or none.
///
/// Everything is read and checked first; then it is swapped, which cannot fail. The environment and the flags of a
/// process stay what they are: new values come from `.env` and from the files that settings name.
///
/// A thread of its own does it, because files may be on a mount that hangs. What is asked for during a reload is one more
/// reload after it, however often it was asked for.
final class Reloader: Sendable {
    /// Where settings are read from.
    struct Source: Sendable {
        let flags: [String: String]
        let environment: [String: String]
        let environmentFile: String?
    }

    /// What was read and checked, and can be taken without a fault.
    private struct Reading {
        let configuration: ServerConfiguration
        let snapshot: SettingSnapshot
        let certificates: CertificateRenewal
        let logLevel: LogThreshold.Level
    }

    private struct State: Sendable {
        var snapshot: SettingSnapshot
        /// What was read at the start: pipes have nothing more.
        let files: [String: SettingsReader.ReadFile]
    }

    let status: ReloadStatus
    private let source: Source
    private let application: ConnvoApplication
    private let logThreshold: LogThreshold
    private let notification: ServiceNotification?
    private let state: Mutex<State>
    private let wake: WakeDescriptor
    private let isWanted = Atomic(false)

    /// - Parameters:
    ///   - settings: What the process was started with, after `configuration` was made from it.
    ///   - application: Gets the new values.
    /// - Throws: ``DatabaseError`` when the system gives no descriptor.
    init(
        _ source: Source,
        settings: SettingsReader,
        configuration: ServerConfiguration,
        application: ConnvoApplication,
        logThreshold: LogThreshold,
        notification: ServiceNotification?
    ) throws(DatabaseError) {
        self.source = source
        self.application = application
        self.logThreshold = logThreshold
        self.notification = notification
        status = application.reloadStatus
        state = Mutex(State(snapshot: SettingSnapshot(settings, configuration), files: settings.files))
        wake = try WakeDescriptor()
    }

    /// Starts the thread, which reloads when it is asked to, for the rest of the process's life.
    ///
    /// - Throws: ``DatabaseError`` when the system gives no thread.
    func start() throws(DatabaseError) {
        _ = try DedicatedThread(name: "reload") { [self] in
            while true {
                wake.wait(until: .after(.seconds(3600)))
                if isWanted.exchange(false, ordering: .acquiringAndReleasing) { reload() }
            }
        }
    }

    /// Asks for a reload. Never blocks.
    func request() {
        isWanted.store(true, ordering: .releasing)
        wake.signal()
    }

    private func reload() {
        notification?.reloadBegins()
        let event: ReloadEvent
        do {
            event = take(try read())
            status.succeeded(at: SystemClock.now())
        } catch {
            event = .failed(error)
            status.failed(at: SystemClock.now(), error)
        }
        application.observe(.reload(event))
        notification?.reloadEnds()
    }

    /// The first half: changes nothing. Blocks, for seconds at most.
    private func read() throws(ConfigurationFailure) -> Reading {
        var settings = try SettingsReader(
            flags: source.flags,
            environment: source.environment,
            readingFrom: source.environmentFile,
            pipes: state.withLock { $0.files }
        )
        let log = LogSettings(&settings)
        let configuration = try ServerConfiguration(&settings)
        let snapshot = SettingSnapshot(settings, configuration)
        // Not read once more: what was checked is what is taken, and the watch of these files may be reading them.
        let certificates = try CertificateRenewal(
            application.certificates,
            from: configuration.certificates,
            now: SystemClock.now()
        )
        let changes = state.withLock { $0.snapshot }.differences(to: snapshot)
        if changes.reloadable.contains(where: { $0.setting == .databaseURL }) {
            try DatabaseURLCheck.check(configuration.database)
        }
        return Reading(
            configuration: configuration,
            snapshot: snapshot,
            certificates: certificates,
            logLevel: log.level
        )
    }

    /// The second half. Cannot fail. When it returns, every new value is in use.
    private func take(_ new: Reading) -> ReloadEvent {
        let old = state.withLock { $0.snapshot }
        let differences = old.differences(to: new.snapshot)
        application.take(new.configuration, changed: Set(differences.reloadable.map(\.setting)))
        let certificates = new.certificates.apply()
        logThreshold.level = new.logLevel
        state.withLock { $0.snapshot = old.taking(differences.reloadable, from: new.snapshot) }
        return .succeeded(
            changes: differences.reloadable,
            certificates: certificates,
            forRestart: differences.forRestart
        )
    }
}
