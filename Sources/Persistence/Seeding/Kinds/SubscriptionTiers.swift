extension SeedKindDefinition {
    static let subscriptionTiers = SeedKindDefinition(
        columns: [
            SeedColumn("id", .shortID, .required),
            SeedColumn("display_name", .text, .required),
            SeedColumn("is_paid", .boolean, .required),
            SeedColumn("rank", .integer, .required),
        ]
    )
}
