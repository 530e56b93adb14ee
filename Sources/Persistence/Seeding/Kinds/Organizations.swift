extension SeedKindDefinition {
    static let organizations = SeedKindDefinition(
        columns: [
            SeedColumn("id", .longID, .required),
            SeedColumn("name", .text, .required),
        ]
    )
}
