internal import NIOCore
internal import ServiceLifecycle
internal import Text

/// Tells the service manager when the listeners accept connections, how ready the server is, and, where the service
/// manager asks for it, that the process is alive: that every event loop and the cooperative pool do work.
///
/// A server whose database is away is alive: a restart would not bring the database back.
struct ServiceReport: Service {
    let notification: ServiceNotification
    /// Yields once for each listener that has begun to accept connections.
    let accepting: AsyncStream<Void>
    let listenerCount: Int
    let eventLoops: [any EventLoop]
    /// The reasons why the process is not ready; empty when it is.
    let obstacles: @Sendable () -> [String]
    /// That the last reload of settings failed; nil when it did not.
    var reloadFailure: @Sendable () -> String? = { nil }

    /// The longest pause between two reports, so that the status is not older than that.
    private static let longestPause: Duration = .seconds(5)

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var begun = 0
            for await _ in accepting {
                begun += 1
                if begun == listenerCount { break }
            }
            await report()
        }
    }

    /// Reports again and again, until the task is cancelled.
    private func report() async {
        let pause = min(notification.watchdogLimit.map { $0 / 2 } ?? Self.longestPause, Self.longestPause)
        var saidReady = false
        while !Task.isCancelled {
            if await everyEventLoopAnswers() {
                var assignments = [status]
                if !saidReady { assignments.append("READY=1") }
                if notification.watchdogLimit != nil { assignments.append("WATCHDOG=1") }
                // Without READY=1 the start counts as failed, so it is repeated until the service manager has it.
                if notification.send(assignments) { saidReady = true }
            }
            try? await Task.sleep(for: pause)
        }
    }

    /// Does not return while an event loop hangs: no report is sent then, and the watchdog's time runs out.
    private func everyEventLoopAnswers() async -> Bool {
        do {
            for eventLoop in eventLoops { try await eventLoop.submit {}.get() }
            return true
        } catch {
            return false
        }
    }

    private var status: String {
        let obstacles = obstacles()
        var text = obstacles.isEmpty ? "Ready" : "Not ready: " + obstacles.joined(separator: "; ")
        if let failure = reloadFailure() { text += "; \(failure)" }
        // A line feed would begin another assignment.
        return "STATUS=" + text.safe(for: .logLine)
    }
}

extension ConnvoApplication {
    /// All services in the order of starting, and before them, where there is a service manager, the reports to it:
    /// so these go on until everything else has stopped.
    func services(reportingTo notification: ServiceNotification?) -> [any Service] {
        guard let notification else { return services }
        let (accepting, begun) = AsyncStream.makeStream(of: Void.self)
        var application = self
        application.publicListener.onListening = { [publicListener] port in
            publicListener.onListening(port)
            begun.yield()
        }
        application.adminListener?.onListening = { _ in begun.yield() }
        let groups = [publicListener.group] + (adminListener.map { [$0.group] } ?? [])
        let report = ServiceReport(
            notification: notification,
            accepting: accepting,
            listenerCount: groups.count,
            eventLoops: groups.flatMap { Array($0.makeIterator()) },
            obstacles: { [readiness] in readiness.obstacles },
            reloadFailure: { [reloadStatus] in reloadStatus.warning }
        )
        return [report] + application.services
    }
}
