internal import Domain
internal import PostgreSQL

/// One batch of requests in one transaction and two round trips: facts in, decisions, records out.
///
/// No caller hears of an outcome before COMMIT was acknowledged: the outcomes are returned, not sent.
struct IssuanceTransaction {
    /// Says what a default of the role or of the database may have changed. A standby refuses it, so that a request is
    /// not decided there.
    private static let begin = Statement("issuance.begin", "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")

    /// Makes a COMMIT wait for what the COMMIT of a record waits for: it assigns a transaction id and writes to the log.
    /// It leaves nothing else behind, and every role may run it (PostgreSQL 15 manual, table 9.97).
    private static let message = Statement(
        "issuance.probe",
        "SELECT pg_catalog.pg_logical_emit_message(true, 'connvo-server', ''::text)"
    )

    private let configuration: IssuanceConfiguration
    private let terms: SlotTerms
    private let counting = CountingFacts()
    private let plain = FactsStatement(countsRecentRequests: false)

    init(configuration: IssuanceConfiguration, terms: SlotTerms) {
        self.configuration = configuration
        self.terms = terms
    }

    /// Decides and records `requests`.
    ///
    /// - Parameters:
    ///   - requests: At least one.
    ///   - random: Makes the ids of the records.
    /// - Returns: One outcome for each request, in order, all recorded.
    /// - Throws: ``IssuanceTransactionError``. The connection may be left in a failed transaction; the caller rolls back
    ///   or closes it.
    func run(
        _ requests: [IssuanceRequest],
        deadline: Deadline,
        using random: inout BufferedRandomNumberGenerator,
        on connection: inout Connection
    ) throws(IssuanceTransactionError) -> [IssuanceOutcome] {
        let facts: [RequestFacts]
        let decisions: Decisions
        do {
            facts = try readFacts(requests, deadline: deadline, on: &connection)
            decisions = try terms.use { (terms) throws(DatabaseError) in
                try decide(requests, facts: facts, by: terms, using: &random)
            }
        } catch {
            throw IssuanceTransactionError(cause: error, commitWasSent: false)
        }
        do {
            try record(decisions, deadline: deadline, on: &connection)
        } catch {
            throw IssuanceTransactionError(cause: error, commitWasSent: true)
        }
        return decisions.outcomes
    }

    /// Commits a transaction without a record, to see whether COMMITs are acknowledged.
    ///
    /// - Throws: ``DatabaseError`` of kind `timedOut` when they are not.
    func probeCommit(deadline: Deadline, on connection: inout Connection) throws(DatabaseError) {
        _ = connection.takeNotices()
        let commands = [Command(Self.begin), settings(deadline), Command(Self.message), Command(.commit)]
        let results = try connection.executeTogether(commands, deadline: deadline)
        try connection.confirmCommit(results[commands.count - 1])
    }

    /// The server's own time limits. It does not know that a caller has been answered meanwhile, so none of its statements
    /// may last much longer than until `deadline`. A moment longer, so that our deadline comes first and the rest of the
    /// batch is tried again.
    private func settings(_ deadline: Deadline) -> Command {
        SettingsStatement.command(
            statement: min(configuration.statementTimeout, max(.zero, deadline.timeLeft) + .milliseconds(250)),
            lock: configuration.lockTimeout,
            idleInTransaction: configuration.idleInTransactionTimeout
        )
    }

    /// The first round trip.
    private func readFacts(
        _ requests: [IssuanceRequest],
        deadline: Deadline,
        on connection: inout Connection
    ) throws(DatabaseError) -> [RequestFacts] {
        let factsStatement = terms.current.requestsPerMinute > 0 ? counting.statement(for: requests) : plain
        let results = try connection.executeTogether(
            [Command(Self.begin), settings(deadline), factsStatement.command(for: requests)],
            deadline: deadline
        )
        return try factsStatement.decode(results[2], for: requests)
    }

    private struct Decisions {
        var outcomes: [IssuanceOutcome] = []
        var tokens: [TokenRecord] = []
        var refusals: [RefusalRecord] = []
    }

    private func decide(
        _ requests: [IssuanceRequest],
        facts: [RequestFacts],
        by terms: IssuanceTerms,
        using random: inout BufferedRandomNumberGenerator
    ) throws(DatabaseError) -> Decisions {
        let rules = IssuanceRules(policy: configuration.policy, requestsPerMinute: terms.requestsPerMinute)
        var decisions = Decisions()
        decisions.outcomes.reserveCapacity(requests.count)
        for (request, facts) in zip(requests, facts) {
            switch rules.decide(request.admission, facts: facts, now: request.receivedAt) {
            case .rateLimited(let retryAfter):
                let limit = rules.requestsPerMinute
                decisions.outcomes.append(.rateLimited(limit: limit, retryAfter: retryAfter))
            case .refused(let refusal):
                let id = UUIDv7(at: request.receivedAt, using: &random)
                let record = RefusalRecord(id: id, request: request, refusal: refusal, facts: facts)
                decisions.refusals.append(record)
                decisions.outcomes.append(.refused(refusal))
            case .admitted(let admission):
                let id = UUIDv7(at: request.receivedAt, using: &random)
                let token = try issue(admission, id: id, to: request, by: terms)
                decisions.tokens.append(token.record)
                decisions.outcomes.append(.issued(token.issued))
            }
        }
        return decisions
    }

    /// Signs before the commit, so that the record can hold the token's SHA-256.
    private func issue(
        _ admission: consuming Admission,
        id: UUIDv7,
        to request: IssuanceRequest,
        by terms: IssuanceTerms
    ) throws(DatabaseError) -> (issued: IssuedToken, record: TokenRecord) {
        let contents = TokenContents(id: id, admission: admission, now: request.receivedAt)
        let signed: SignedToken
        do {
            signed = try terms.sign(contents)
        } catch {
            // The database promises the charsets that the signer checks: this is a fact we should not have read.
            throw DatabaseError(.decoding, "the token could not be signed: \(error)")
        }
        let issued = IssuedToken(id: id, admission: admission, token: signed.bytes, expiresAt: contents.expiresAt)
        let record = TokenRecord(
            request: request,
            issued: issued,
            tokenSHA256: signed.sha256,
            signingKeyID: terms.signingKeyID
        )
        return (issued, record)
    }

    /// The second round trip, which ends in COMMIT.
    ///
    /// - Throws: ``DatabaseError``, of the kind ``DatabaseError/Kind/rowsMissing`` when the transaction was committed
    ///   with fewer records than were sent, as a trigger that returns NULL has it.
    private func record(
        _ decisions: Decisions,
        deadline: Deadline,
        on connection: inout Connection
    ) throws(DatabaseError) {
        var inserts: [(command: Command, count: Int)] = []
        if !decisions.tokens.isEmpty {
            inserts.append((TokenRecord.insert.command(for: decisions.tokens), decisions.tokens.count))
        }
        if !decisions.refusals.isEmpty {
            inserts.append((RefusalRecord.insert.command(for: decisions.refusals), decisions.refusals.count))
        }
        _ = connection.takeNotices()
        let commands = inserts.map { $0.command } + [Command(.commit)]
        let results = try connection.executeTogether(commands, deadline: deadline)
        try connection.confirmCommit(results[inserts.count])
        for (insert, result) in zip(inserts, results) where result.commandTag != "INSERT 0 \(insert.count)" {
            throw DatabaseError(
                .rowsMissing,
                "\(insert.count) records were sent, and the server answered \(result.commandTag)",
                statement: result.statement
            )
        }
    }
}
