import Persistence

@testable import connvo_server

extension AnsweredRequest {
    /// A call at the documented endpoint that ended like this.
    static func example(
        _ result: Result,
        status: Int = 200,
        method: MethodLabel = .post,
        route: RouteLabel = .run,
        traceID: TraceID? = nil
    ) -> AnsweredRequest {
        var timing = IssuanceTiming()
        timing.queued = 250_000
        timing.inDatabase = 1_500_000
        return AnsweredRequest(
            requestID: "request-1",
            traceID: traceID,
            method: method,
            route: route,
            status: status,
            duration: 2_345_000,
            timing: timing,
            result: result
        )
    }
}
