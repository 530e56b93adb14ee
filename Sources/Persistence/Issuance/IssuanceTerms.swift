package import Domain
internal import Synchronization

/// What a running engine can be given anew: the secret that signs, and the quota.
package struct IssuanceTerms: Sendable {
    /// The first 16 hex digits that name the signing secret in records.
    package var signingKeyID: String
    /// Signs a token; called on the engine's threads.
    package var sign: @Sendable (TokenContents) throws -> SignedToken
    /// The quota of each user; 0 for none. One process never lets more through, several may in a burst, by as many
    /// times as there are processes.
    package var requestsPerMinute: Int

    package init(
        signingKeyID: String,
        requestsPerMinute: Int = 60,
        sign: @escaping @Sendable (TokenContents) throws -> SignedToken
    ) {
        self.signingKeyID = signingKeyID
        self.requestsPerMinute = requestsPerMinute
        self.sign = sign
    }
}

/// The terms of one slot. Its worker decides and signs a batch under a lock that no other worker takes, so that after
/// ``replace(with:)`` nothing is signed by the terms before.
final class SlotTerms: Sendable {
    private let terms: Mutex<IssuanceTerms>

    init(_ terms: IssuanceTerms) {
        self.terms = Mutex(terms)
    }

    /// The terms now. They may be others a moment later.
    var current: IssuanceTerms { terms.withLock { $0 } }

    /// Calls `body` with the terms, which stay the same until it returns. It must not wait for anything.
    func use<Value: Sendable, Failure: Error>(
        _ body: (IssuanceTerms) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        try terms.withLock { (terms) throws(Failure) in try body(terms) }
    }

    /// Waits for a ``use(_:)`` that has begun; the next one has the new terms.
    func replace(with new: IssuanceTerms) {
        terms.withLock { $0 = new }
    }
}
