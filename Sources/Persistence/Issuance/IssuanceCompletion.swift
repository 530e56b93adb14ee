/// The outcome of one request, to be told to its caller.
package struct IssuanceCompletion: Sendable {
    let pending: PendingIssuance
    let outcome: IssuanceOutcome

    /// Calls what the request was submitted with.
    package func callAsFunction() {
        pending.completion(outcome)
    }
}
