extension SeedKindDefinition {
    static let users = SeedKindDefinition(
        columns: [
            SeedColumn("id", .longID, .required),
            SeedColumn("email", .text, .required, isPersonal: true),
            SeedColumn("display_name", .text, .nullable, isPersonal: true),
            SeedColumn("avatar_url", .text, .nullable, isPersonal: true),
            SeedColumn("organization_id", .longID, .nullable, refersTo: .organizations),
            SeedColumn("is_active", .boolean, .hasDefault),
        ],
        uniqueKeys: [
            SeedUniqueKey(
                columns: ["email"],
                ignoresCase: true,
                release: "email = 'released-' || md5(f.id) || '@connvo.invalid'"
            )
        ],
        protectedRows: SeedProtectedRows(
            function: "connvo.users_with_records",
            message: "has records of tokens, and is never removed; is_active = false keeps the user out"
        )
    )
}
