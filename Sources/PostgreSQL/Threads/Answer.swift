internal import Synchronization

/// A value that one thread gives once, and for which any number of threads wait.
///
/// ```swift
/// let answer = try Answer<Int>()
/// let thread = try DedicatedThread(name: "slow") { answer.give(work()) }
/// let value = answer.value(by: .after(.seconds(1)))  // nil when it has not come by then
/// ```
final class Answer<Value: Sendable>: Sendable {
    private let given = Mutex<Value?>(nil)
    private let wake: WakeDescriptor

    /// - Throws: ``DatabaseError`` when the process has no descriptor left.
    init() throws(DatabaseError) {
        wake = try WakeDescriptor()
    }

    /// The value; nil when it has not been given yet.
    var value: Value? { given.withLock { $0 } }

    /// Gives the value and ends all waits for it.
    func give(_ value: Value) {
        given.withLock { $0 = value }
        wake.signal()
    }

    /// Blocks until the value has been given, or until `deadline`; then it is nil.
    func value(by deadline: Deadline) -> Value? {
        if let value { return value }
        _ = wake.isSignalled(by: deadline)
        return value
    }
}
