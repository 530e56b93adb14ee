internal import Logging
internal import Metrics
internal import Persistence
internal import PostgreSQL

/// Writes log lines and metrics for the events of the issuance engine and the database monitor.
struct DatabaseObserver: Sendable {
    private let logger: Logger
    private let throttle = LogThrottle()
    private let metrics: any MetricsFactory
    private let batchSize: Recorder
    private let batchTime: Timer
    private let commitUnknown: Counter
    private let connects: Counter
    private let connectFailures: Counter
    private let connectionsLost: Counter
    private let batchFailures: Counter

    init(logger: Logger, metrics: any MetricsFactory = MetricsSystem.factory) {
        self.logger = logger
        self.metrics = metrics
        func counter(_ label: String) -> Counter { Counter(label: label, dimensions: [], factory: metrics) }
        batchSize = Recorder(label: "connvo_batch_size", dimensions: [], aggregate: true, factory: metrics)
        batchTime = Timer(
            label: "connvo_batch_seconds",
            dimensions: [],
            preferredDisplayUnit: .seconds,
            factory: metrics
        )
        commitUnknown = counter("connvo_commit_unknown_total")
        connects = counter("connvo_database_connects_total")
        connectFailures = counter("connvo_database_connect_failures_total")
        connectionsLost = counter("connvo_database_connections_lost_total")
        batchFailures = counter("connvo_batch_failures_total")
    }

    func observe(_ event: IssuanceEvent) {
        switch event {
        case .connected:
            connects.increment()
        case .connectingFailed(_, let error):
            connectFailures.increment()
            log(.warning, "connect", "Could not connect to the database", error)
        case .connectionLost(_, let error):
            connectionsLost.increment()
            log(.warning, "lost", "Lost a connection to the database", error)
        case .committed(let size, let took):
            batchSize.record(size)
            batchTime.record(duration: took)
        case .batchFailed(let size, let error):
            batchFailures.increment()
            log(.error, "batch", "A batch was not recorded", error, ["requests": "\(size)"])
        case .batchSplit(let size, let error):
            log(.error, "split", "A batch failed and is tried one by one", error, ["requests": "\(size)"])
        case .itemFailed(let requestID, let error):
            log(.error, "item", "A request could not be recorded", error, ["request_id": "\(requestID)"])
        case .commitUnknown(let size, let error):
            commitUnknown.increment()
            log(
                .error,
                "commit",
                "The outcome of a COMMIT is unknown; no token was handed out",
                error,
                ["requests": "\(size)"]
            )
        case .commitsStalled(let abandoned):
            logger.error("COMMIT is not acknowledged; requests are turned away", metadata: ["commits": "\(abandoned)"])
        case .commitsResumed:
            logger.notice("COMMIT is acknowledged again")
        case .turnedAway(let reason, let count):
            Counter(label: "connvo_turned_away_total", dimensions: [("reason", reason.rawValue)], factory: metrics)
                .increment(by: count)
        }
    }

    func observe(_ event: DatabaseMonitor.Event) {
        switch event {
        case .healthChanged(let health) where health.isReady:
            if let warning = health.warning { logger.warning("The clocks differ", metadata: ["reason": "\(warning)"]) }
            logger.notice("The database is ready", metadata: newer(health))
        case .healthChanged(let health):
            logger.warning("The database is not ready", metadata: ["reason": "\(health)"])
        case .partitionsMade(let names):
            logger.notice("Made partitions", metadata: ["partitions": "\(names.joined(separator: ", "))"])
        case .partitionsFailed(let error):
            log(.error, "partitions", "Could not make partitions", error)
        }
    }

    private func newer(_ health: DatabaseHealth) -> Logger.Metadata {
        health.newerMigrations.isEmpty ? [:] : ["newer_migrations": "\(health.newerMigrations.joined(separator: ", "))"]
    }

    private func log(
        _ level: Logger.Level,
        _ kind: String,
        _ message: Logger.Message,
        _ error: DatabaseError?,
        _ metadata: Logger.Metadata = [:]
    ) {
        var metadata = metadata
        if let error { metadata["error"] = "\(error)" }
        throttle.log(logger, level, kind: kind, message, metadata)
    }
}
