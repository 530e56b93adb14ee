internal import Logging
internal import Persistence
internal import PostgreSQL

extension LogObserver {
    func log(_ event: IssuanceEvent) {
        switch event {
        case .connected, .committed, .turnedAway:
            // Each request that was turned away has its access line.
            break
        case .connectingFailed(_, let error):
            log(.warning, "connect", "Could not connect to the database", error)
        case .connectionLost(_, let error):
            log(.warning, "lost", "Lost a connection to the database", error)
        case .batchFailed(let size, let error):
            log(.error, "batch", "A batch was not recorded", error, ["requests": .stringConvertible(size)])
        case .batchSplit(let size, let error):
            log(
                .error,
                "split",
                "A batch failed and is tried one by one",
                error,
                ["requests": .stringConvertible(size)]
            )
        case .itemFailed(let requestID, let error):
            log(.error, "item", "A request could not be recorded", error, ["request_id": "\(requestID)"])
        case .commitUnknown(let size, let error):
            log(
                .error,
                "commit",
                "The outcome of a COMMIT is unknown; no token was handed out",
                error,
                ["requests": .stringConvertible(size)]
            )
        case .sessionsShared(let error):
            logger.error(
                """
                Other connections use the same session, as behind a pooler in transaction mode: \
                set DATABASE_STATEMENTS=unnamed
                """,
                metadata: ["error": "\(error)"]
            )
        case .commitsStalled(let abandoned):
            logger.error(
                "COMMIT is not acknowledged; requests are turned away",
                metadata: ["commits": .stringConvertible(abandoned)]
            )
        case .commitsResumed:
            logger.notice("COMMIT is acknowledged again")
        }
    }

    func log(_ event: DatabaseMonitor.Event) {
        switch event {
        case .healthChanged(let health) where health.isReady:
            for warning in health.warnings {
                logger.warning("A look at the database found something to correct", metadata: ["reason": "\(warning)"])
            }
            logger.notice("The database is ready", metadata: Self.newer(health))
        case .healthChanged(let health):
            logger.warning("The database is not ready", metadata: ["reason": "\(health)"])
        case .partitionsMade(let names):
            logger.notice("Made partitions", metadata: ["partitions": "\(names.joined(separator: ", "))"])
        case .refused(let error):
            logger.critical("The database refuses the connection", metadata: ["error": "\(error)"])
        case .partitionsFailed(let error):
            log(.error, "partitions", "Could not make partitions", error)
        }
    }

    private static func newer(_ health: DatabaseHealth) -> Logger.Metadata {
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
