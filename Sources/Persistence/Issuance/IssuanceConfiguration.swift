package import Domain
package import PostgreSQL

/// What the engine is built from.
package struct IssuanceConfiguration: Sendable {
    package var target: ConnectionTarget
    package var policy: AdmissionPolicy
    /// The first 16 hex digits that name the signing secret in records.
    package var signingKeyID: String
    /// Signs a token; called on the engine's threads.
    package var sign: @Sendable (TokenContents) throws -> SignedToken
    /// Connections, each with a thread of its own.
    package var poolSize = 4
    /// False behind a pooler in transaction mode, which loses prepared statements.
    package var preparesStatements = true
    /// The quota of each user; 0 for none. One process never lets more through, several may in a burst, by as many
    /// times as there are processes.
    package var requestsPerMinute = 60
    package var batching = BatchRules()
    package var connectTimeout: Duration = .seconds(2)
    /// How long a COMMIT may take that is made to see whether COMMITs are acknowledged again; as long as a request may.
    package var commitProbeTimeout: Duration = .seconds(5)
    package var statementTimeout: Duration = .seconds(2)
    package var lockTimeout: Duration = .seconds(1)
    package var idleInTransactionTimeout: Duration = .seconds(5)

    package init(
        target: ConnectionTarget,
        policy: AdmissionPolicy,
        signingKeyID: String,
        sign: @escaping @Sendable (TokenContents) throws -> SignedToken
    ) {
        self.target = target
        self.policy = policy
        self.signingKeyID = signingKeyID
        self.sign = sign
    }
}
