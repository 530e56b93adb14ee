extension Connection {
    /// Connects, with TLS and authentication, before `deadline`. Names are resolved within it, too.
    ///
    /// Several hosts are tried in the order of the target, and all addresses of a host in the order of its resolver;
    /// those that did not answer lately come last (``SilentHosts``). Each host gets an equal part of the time that is left, and of that each address, so that one that does not
    /// respond leaves time for the others.
    ///
    /// - Parameters:
    ///   - preparesStatements: False sends every statement unnamed, for poolers in transaction mode; nil as the target says.
    ///   - isCancelled: Asked every 100 ms; true ends the attempt.
    /// - Throws: ``DatabaseError`` of kind `connect` or `timedOut`. For several hosts or addresses, the message has the
    ///   error of each.
    package static func open(
        _ target: ConnectionTarget,
        preparesStatements: Bool? = nil,
        deadline: Deadline,
        isCancelled: () -> Bool = { false }
    ) throws(DatabaseError) -> Connection {
        let preparesStatements = preparesStatements ?? target.preparesStatements
        let selected: [ConnectionTarget.Host]
        switch target.hosts {
        case .separate(let hosts):
            return try openFirst(
                of: hosts,
                target: target,
                preparesStatements: preparesStatements,
                deadline: deadline,
                isCancelled: isCancelled
            )
        case .together(let hosts):
            selected = try resolveAll(hosts, target: target, deadline: deadline, isCancelled: isCancelled)
        case .unknown:
            selected = []
        }
        return try open(
            target.parameters + (selected.isEmpty ? [] : ConnectionTarget.parameters(selecting: selected)),
            preparesStatements: preparesStatements,
            deadline: deadline,
            isCancelled: isCancelled
        )
    }

    private static func openFirst(
        of hosts: [ConnectionTarget.Host],
        target: ConnectionTarget,
        preparesStatements: Bool,
        deadline: Deadline,
        isCancelled: () -> Bool
    ) throws(DatabaseError) -> Connection {
        var failures: [Failure] = []
        for (turn, index) in target.silentHosts.order(of: hosts).enumerated() {
            let host = hosts[index]
            let share = deadline.part(of: hosts.count - turn)
            let places: [ConnectionTarget.Host]
            do {
                places = try resolve(host, target: target, deadline: share, isCancelled: isCancelled)
            } catch {
                failures.append(Failure(host: index, place: host.label, error: error))
                continue
            }
            for (number, position) in target.silentHosts.order(of: places).enumerated() where !isCancelled() {
                let place = places[position]
                do {
                    let connection = try open(
                        target.parameters + ConnectionTarget.parameters(selecting: [place]),
                        preparesStatements: preparesStatements,
                        deadline: share.part(of: places.count - number),
                        isCancelled: isCancelled
                    )
                    target.silentHosts.forget(place)
                    target.silentHosts.forget(host)
                    return connection
                } catch {
                    if error.kind == .timedOut {
                        target.silentHosts.note(place)
                        target.silentHosts.note(host)
                    } else {
                        target.silentHosts.forget(place)
                    }
                    let label = places.count == 1 ? host.label : place.labelWithAddress
                    failures.append(Failure(host: index, place: label, error: error))
                }
            }
        }
        throw Failure.summary(of: failures.sorted { $0.host < $1.host })
    }

    /// The servers, those with a name by each of its addresses. One that cannot be resolved is left out.
    ///
    /// - Throws: ``DatabaseError`` when none is left.
    private static func resolveAll(
        _ hosts: [ConnectionTarget.Host],
        target: ConnectionTarget,
        deadline: Deadline,
        isCancelled: () -> Bool
    ) throws(DatabaseError) -> [ConnectionTarget.Host] {
        var places: [ConnectionTarget.Host] = []
        var failures: [Failure] = []
        for (index, host) in hosts.enumerated() {
            // One part more, for connecting.
            let share = deadline.part(of: hosts.count - index + 1)
            do {
                places += try resolve(host, target: target, deadline: share, isCancelled: isCancelled)
            } catch {
                failures.append(Failure(host: index, place: host.label, error: error))
            }
        }
        if places.isEmpty { throw Failure.summary(of: failures) }
        return places
    }

    /// `host` by each of its addresses, or as it is when it has no name to resolve.
    private static func resolve(
        _ host: ConnectionTarget.Host,
        target: ConnectionTarget,
        deadline: Deadline,
        isCancelled: () -> Bool
    ) throws(DatabaseError) -> [ConnectionTarget.Host] {
        guard host.needsResolving else { return [host] }
        return try target.resolver.addresses(of: host.name, deadline: deadline, isCancelled: isCancelled).map {
            ConnectionTarget.Host(name: host.name, address: $0, port: host.port)
        }
    }

    /// Why one of several servers, or one of the addresses of a server, was of no use.
    private struct Failure {
        /// Which of the hosts it is.
        let host: Int
        let place: String
        let error: DatabaseError

        static func summary(of failures: [Failure]) -> DatabaseError {
            if failures.isEmpty { return .connectingCancelled }
            if failures.count == 1 { return failures[0].error }
            var summary = DatabaseError(
                failures.allSatisfy { $0.error.kind == .timedOut } ? .timedOut : .connect,
                failures.map { "\($0.place): \($0.error.message)" }.joined(separator: "; ")
            )
            summary.refusal = refusal(of: failures)
            summary.isServerFull = failures.contains { $0.error.isServerFull }
            return summary
        }

        /// A host refuses when one of its addresses does: behind another one there may be nothing, as behind `::1` of
        /// `localhost`. The list refuses when each of its hosts does: one that is starting may yet accept.
        private static func refusal(of failures: [Failure]) -> ConnectionRefusal? {
            let refusals = Dictionary(grouping: failures, by: \.host).map { _, failures in
                failures.lazy.compactMap(\.error.refusal).first
            }
            return refusals.contains(nil) ? nil : failures.lazy.compactMap(\.error.refusal).first
        }
    }
}
