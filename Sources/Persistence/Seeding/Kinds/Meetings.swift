internal import Domain

extension SeedKindDefinition {
    static let meetings = SeedKindDefinition(
        columns: [
            SeedColumn("id", .shortID, .required),
            SeedColumn("organizer_id", .longID, .required, refersTo: .users),
            SeedColumn("title", .text, .required, isPersonal: true),
            SeedColumn("state", .oneOf(Meeting.State.allCases.map(\.rawValue)), .hasDefault),
            SeedColumn("scheduled_at", .timestamp, .nullable),
            SeedColumn("started_at", .timestamp, .nullable),
            SeedColumn("ended_at", .timestamp, .nullable),
            SeedColumn("stream_call_type", .shortID, .nullable),
            SeedColumn("stream_call_id", .shortID, .nullable),
        ],
        uniqueKeys: [
            SeedUniqueKey(
                columns: ["stream_call_type", "stream_call_id"],
                release: "stream_call_type = NULL, stream_call_id = NULL"
            )
        ]
    )
}
