package import Domain
package import PostgreSQL

/// What the engine is built from.
package struct IssuanceConfiguration: Sendable {
    package var target: ConnectionTarget
    package var policy: AdmissionPolicy
    /// What it begins with; ``IssuanceEngine/replaceTerms(with:)`` gives it others.
    package var terms: IssuanceTerms
    /// Connections, each with a thread of its own.
    package var poolSize = 4
    /// When the server was found last not to answer; nil when it was not. A batch that waits then is given up.
    package var serverFellSilent: @Sendable () -> ContinuousClock.Instant? = { nil }
    /// False behind a pooler in transaction mode, which loses prepared statements.
    package var preparesStatements = true
    package var batching = BatchRules()
    package var connectTimeout: Duration = .seconds(2)
    /// How long a COMMIT may take that is made to see whether COMMITs are acknowledged again; as long as a request may.
    package var commitProbeTimeout: Duration = .seconds(5)
    package var statementTimeout: Duration = .seconds(2)
    package var lockTimeout: Duration = .seconds(1)
    package var idleInTransactionTimeout: Duration = .seconds(5)

    package init(target: ConnectionTarget, policy: AdmissionPolicy, terms: IssuanceTerms) {
        self.target = target
        self.policy = policy
        self.terms = terms
    }
}
