import Domain
import Persistence

extension SeedRow {
    /// A row as if read from `seed.json`: the row begins in column 1 of `line`, its fields follow in columns 2, 3 ...
    /// in the order of the table.
    static func test(_ kind: SeedKind, _ line: Int, _ values: [String: SeedValue]) -> SeedRow {
        precondition(values.keys.allSatisfy { kind.index(of: $0) != nil }, "unknown column")
        return SeedRow(
            kind: kind,
            position: SeedPosition(file: "seed.json", line: line, column: 1),
            fields: kind.columns.enumerated().map { index, column in
                Field(values[column.name] ?? .absent, line: values[column.name] == nil ? 0 : line, column: index + 2)
            }
        )
    }

    static func user(_ line: Int, _ id: String, email: String? = nil, _ others: [String: SeedValue] = [:]) -> SeedRow {
        test(.users, line, ["id": .text(id), "email": .text(email ?? "\(id)@example.com")].merging(others) { $1 })
    }

    static func meeting(_ line: Int, _ id: String, organizer: String, _ others: [String: SeedValue] = [:]) -> SeedRow {
        test(
            .meetings,
            line,
            ["id": .text(id), "organizer_id": .text(organizer), "title": .text("Planning")].merging(others) { $1 }
        )
    }

    static func participant(
        _ line: Int,
        _ meeting: String,
        _ user: String,
        role: String,
        _ others: [String: SeedValue] = [:]
    ) -> SeedRow {
        test(
            .meetingParticipants,
            line,
            ["meeting_id": .text(meeting), "user_id": .text(user), "role": .text(role)].merging(others) { $1 }
        )
    }

    static func subscription(
        _ line: Int,
        user: String,
        from start: Int64,
        to end: Int64? = nil,
        _ others: [String: SeedValue] = [:]
    ) -> SeedRow {
        test(
            .subscriptions,
            line,
            [
                "user_id": .text(user), "tier_id": .text("pro"), "status": .text("active"), "starts_at": .day(start),
                "ends_at": end.map(SeedValue.day) ?? .null,
            ].merging(others) { $1 }
        )
    }
}

extension SeedValue {
    /// Midnight UTC so many days after 2026-01-01.
    static func day(_ number: Int64) -> SeedValue {
        .timestamp(Timestamp(secondsSinceEpoch: 1_767_225_600 + number * 86_400))
    }
}
