internal import Persistence
internal import PostgreSQL

extension DoctorCheck {
    /// Whether the server has connections left for the pool of one more `serve`.
    static let connections = DoctorCheck(
        "connections",
        .database { connection, visit in
            let room = try DatabaseDiagnosis.connectionRoom(deadline: visit.deadline, on: &connection)
            guard let poolSize = visit.settings.configuration?.poolSize else {
                return [.notChecked("a setting is wrong")]
            }
            return [finding(room, poolSize: poolSize)]
        }
    )

    /// The pool, and the one connection of the monitor. The connection of this command is in use, and will be free.
    static func finding(_ room: DatabaseDiagnosis.ConnectionRoom, poolSize: Int) -> Finding {
        let needed = poolSize + 1
        let left = room.left + 1
        let text = "\(left) of \(room.limit) are free, and one serve takes \(needed) (DATABASE_POOL_SIZE and one)"
        if left >= needed { return .ok(text) }
        return .warning(
            text,
            remedy: "stop what holds them, or raise max_connections; a serve that runs already has its own"
        )
    }
}
