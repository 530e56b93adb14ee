internal import CLibPQ

/// A notice or a warning that the server sent in addition to results.
package struct Notice: Hashable, Sendable {
    package let severity: String
    package let sqlState: SQLState
    package let message: String
}

/// Collects the notices of one connection until ``take()`` is called.
final class NoticeCollector {
    private var notices: [Notice] = []

    /// Returns and removes the notices that have arrived since the last call.
    func take() -> [Notice] {
        defer { notices = [] }
        return notices
    }

    /// Makes libpq pass its notices to this collector instead of printing them on standard error.
    ///
    /// The collector must outlive the connection: ``Connection`` holds both.
    func attach(to connection: OpaquePointer) {
        PQsetNoticeReceiver(
            connection,
            { context, result in
                guard let context, let result else { return }
                Unmanaged<NoticeCollector>.fromOpaque(context).takeUnretainedValue().receive(result)
            },
            Unmanaged.passUnretained(self).toOpaque()
        )
    }

    private func receive(_ result: OpaquePointer) {
        func field(_ code: Character) -> String {
            PQresultErrorField(result, Int32(code.asciiValue ?? 0)).map { String(cString: $0) } ?? ""
        }
        // Field codes of the protocol: V severity (never localized), C SQLSTATE, M primary message.
        notices.append(Notice(severity: field("V"), sqlState: SQLState(rawValue: field("C")), message: field("M")))
    }
}
