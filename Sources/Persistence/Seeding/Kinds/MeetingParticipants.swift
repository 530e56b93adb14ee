internal import Domain

extension SeedKindDefinition {
    static let meetingParticipants = SeedKindDefinition(
        columns: [
            SeedColumn("meeting_id", .shortID, .required, refersTo: .meetings),
            SeedColumn("user_id", .longID, .required, refersTo: .users),
            // The strongest role first.
            SeedColumn("role", .oneOf(Role.allCases.reversed().map(\.rawValue)), .required),
            SeedColumn("invited_at", .timestamp, .nullable),
            SeedColumn("joined_at", .timestamp, .nullable),
            SeedColumn("left_at", .timestamp, .nullable),
            SeedColumn("removed_at", .timestamp, .nullable),
        ],
        key: ["meeting_id", "user_id"],
        derivedRows: SeedDerivedRows(
            source: .meetings,
            key: [("meeting_id", "id"), ("user_id", "organizer_id")],
            watchedColumn: "organizer_id",
            assignments: [("role", "'\(Role.host.rawValue)'"), ("removed_at", "NULL")]
        )
    )
}
