/// Runs the completions of callers that live in one context, such as an event loop.
///
/// The engine hands over all completions of a batch that belong to one queue at once, so that a batch costs one hop an
/// event loop and not one a request.
///
/// ```swift
/// final class EventLoopQueue: CompletionQueue {
///     let eventLoop: any EventLoop
///
///     func run(_ completions: [IssuanceCompletion]) {
///         eventLoop.execute {
///             for completion in completions { completion() }
///         }
///     }
/// }
/// ```
package protocol CompletionQueue: AnyObject, Sendable {
    /// Calls each of `completions`, in order. Called on a thread of the engine; must not block.
    func run(_ completions: [IssuanceCompletion])
}
