internal import Domain
internal import JOSE
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import Persistence
internal import PostgreSQL
internal import Prometheus
internal import ServiceLifecycle

/// The composition root of `serve`: makes every component once and defines the order of starting and stopping.
struct ConnvoApplication: Sendable {
    let engine: IssuanceEngine
    let monitor: DatabaseMonitor
    private let refusals: AsyncStream<DatabaseError>
    let keySet: KeySetRefresher
    let readiness: Readiness
    let successSampling: SuccessSampling
    let reloadStatus: ReloadStatus
    let observe: Observation.Sink
    /// Of the listeners that speak TLS.
    let certificates: [CertificateStore]
    let accessRules: Replaceable<AccessRules>
    /// The secret that names users in the log.
    let signer: Replaceable<StreamTokenSigner>
    var publicListener: HTTPListener
    var adminListener: HTTPListener?

    /// How long listeners stay open after the readiness probe fails.
    static let shutdownDelay: Duration = .seconds(3)
    /// How long requests may take after shutdown has begun. Then their connections are closed.
    static let drainLimit: Duration = .seconds(20)
    /// How long a shutdown may take as a whole. Then the process ends, also where a part hangs. Kubernetes kills after 30 s.
    static let shutdownLimit: Duration = .seconds(25)

    /// - Parameters:
    ///   - droppedLogLines: How many lines of the log were dropped so far.
    ///   - onListening: Called with the port of the public listener when it accepts connections.
    /// - Throws: ``DatabaseError`` when the server cannot start.
    init(
        _ configuration: ServerConfiguration,
        logger: Logger,
        droppedLogLines: @escaping @Sendable () -> Int,
        onListening: @escaping @Sendable (Int) -> Void = { _ in }
    ) throws {
        let metrics = PrometheusFactory(ServerMetric.allCases.map(\.description))
        successSampling = SuccessSampling(
            limit: configuration.successLinesPerSecond,
            clockAhead: SystemClock.aheadOfUptime
        )
        let signer = Replaceable(configuration.streamSecrets.signer)
        let log = LogObserver(logger: logger, successes: successSampling) {
            signer.current.pseudonym(of: $0.rawValue)
        }
        let observe = Self.observers(log, MetricsObserver(metrics))
        let (refusals, refused) = AsyncStream.makeStream(of: DatabaseError.self)
        let monitor = try DatabaseMonitor(
            target: configuration.database,
            migrations: .embedded,
            preparesStatements: configuration.preparesStatements,
            now: SystemClock.now
        ) { event in
            observe(.database(event))
            if case .refused(let error) = event { refused.yield(error) }
        }
        var issuance = Self.issuance(configuration)
        issuance.serverFellSilent = { monitor.serverFellSilent }
        let engine = try IssuanceEngine(issuance) { event in
            observe(.issuance(event))
            // Readiness follows a database that is back at once.
            if case .connected = event { monitor.lookSoon() }
        }
        let keys = KeySetStore()
        let keySet = KeySetRefresher(
            source: configuration.keySetSource,
            store: keys,
            observe: observe
        )
        let reloadStatus = ReloadStatus(start: SystemClock.now())
        let readiness = Readiness(
            engine: engine,
            monitor: monitor,
            keys: keys,
            keySet: keySet,
            reloadStatus: reloadStatus
        )
        let accessRules = Replaceable(AccessRules(configuration))
        self.engine = engine
        self.monitor = monitor
        self.refusals = refusals
        self.keySet = keySet
        self.readiness = readiness
        self.reloadStatus = reloadStatus
        self.signer = signer
        self.observe = observe
        self.accessRules = accessRules
        certificates = configuration.certificates

        let descriptors = DescriptorBudget(
            limit: DescriptorBudget.raisedLimit(),
            poolSize: configuration.poolSize,
            speaksTLS: configuration.listener.certificates != nil
        )
        let endpoint = TokenEndpoint(
            authentication: CallerAuthentication(
                verifier: BearerTokenVerifier(policy: configuration.bearerPolicy),
                keys: keys
            ),
            keySet: keySet,
            engine: engine,
            rules: accessRules
        )
        let pages: [RouteLabel: Page] = [.livez: .liveness, .healthz: .liveness, .version: .version]
        let documents = configuration.servesDocuments ? APIDescription.pages() : [:]
        publicListener = Self.listener(
            "public",
            configuration.listener,
            Routes(
                pages: pages.merging([.readyz: .readiness(readiness)]) { $1 }.merging(documents) { $1 },
                function: endpoint,
                tellsTiming: configuration.tellsTiming,
                rules: accessRules,
                observe: observe,
                now: SystemClock.now
            ),
            capacity: descriptors.publicConnections,
            limits: configuration.connectionLimits,
            group: .singleton,
            logger: logger,
            onListening: onListening
        )
        var adminLimits = configuration.connectionLimits
        // Probes ask again, so the process need not wait for them.
        adminLimits.lastRequest = .zero
        // On an event loop of its own, so that probes are answered when those of the public listener are busy.
        adminListener = configuration.adminListener.map { listener in
            Self.listener(
                "admin",
                listener,
                Routes(
                    pages: pages.merging([.readyz: .verboseReadiness(readiness), .metrics: .metrics(metrics)]) { $1 },
                    observe: observe,
                    now: SystemClock.now
                ),
                capacity: descriptors.adminConnections,
                limits: adminLimits,
                group: MultiThreadedEventLoopGroup(numberOfThreads: 1),
                logger: logger
            )
        }

        let gauges = ServerGauges(metrics: metrics)
        gauges.register(engine: engine)
        gauges.register(monitor: monitor, now: SystemClock.now)
        gauges.register(keySet: keySet, keys: keys)
        gauges.register(readiness: readiness)
        gauges.register(reloadStatus: reloadStatus)
        gauges.register(publicListener.connections, of: publicListener.name)
        if let adminListener { gauges.register(adminListener.connections, of: adminListener.name) }
        for certificates in configuration.certificates { gauges.register(certificates) }
        gauges.register(droppedLogLines: droppedLogLines)
        gauges.registerProcess()
    }

    /// Who is told of what happens.
    private static func observers(_ log: LogObserver, _ metrics: MetricsObserver) -> Observation.Sink {
        { observation in
            metrics.observe(observation)
            log.observe(observation)
        }
    }

    private static func listener(
        _ name: String,
        _ listener: ServerConfiguration.Listener,
        _ routes: Routes,
        capacity: Int,
        limits: ConnectionLimits,
        group: MultiThreadedEventLoopGroup,
        logger: Logger,
        onListening: @escaping @Sendable (Int) -> Void = { _ in }
    ) -> HTTPListener {
        HTTPListener(
            name: name,
            host: listener.host,
            port: listener.port,
            certificates: listener.certificates,
            routes: routes,
            connections: ConnectionTable(
                capacity: capacity,
                limits: limits,
                // Probes and metrics are answered to the last.
                memory: name == "public" ? .process : nil,
                group: group
            ),
            group: group,
            logger: logger,
            onListening: onListening
        )
    }

    private static func issuance(_ configuration: ServerConfiguration) -> IssuanceConfiguration {
        var issuance = IssuanceConfiguration(
            target: configuration.database,
            policy: configuration.admissionPolicy,
            terms: terms(configuration)
        )
        issuance.poolSize = configuration.poolSize
        issuance.preparesStatements = configuration.preparesStatements
        return issuance
    }

    /// All services in the order of starting: each comes after those it depends on. Shutdown stops them in reverse
    /// order.
    var services: [any Service] {
        var services: [any Service] = [
            MonitorService(monitor: monitor, refusals: refusals),
            keySet,
            IssuanceService(engine: engine),
        ]
        if !certificates.isEmpty {
            services.append(CertificateWatch(certificates, now: SystemClock.now, observe: observe))
        }
        if let adminListener { services.append(adminListener) }
        services.append(publicListener)
        let tables = [publicListener.connections] + (adminListener.map { [$0.connections] } ?? [])
        services.append(GracefulDrain(readiness: readiness, connections: tables, delay: Self.shutdownDelay))
        return services
    }
}
