internal import Domain

extension SeedKindDefinition {
    static let subscriptions = SeedKindDefinition(
        columns: [
            SeedColumn("id", .uuid, .hasDefault),
            SeedColumn("user_id", .longID, .nullable, refersTo: .users),
            SeedColumn("organization_id", .longID, .nullable, refersTo: .organizations),
            SeedColumn("tier_id", .shortID, .required, refersTo: .subscriptionTiers),
            SeedColumn("status", .oneOf(Subscription.Status.allCases.map(\.rawValue)), .required),
            SeedColumn("starts_at", .timestamp, .required),
            SeedColumn("ends_at", .timestamp, .nullable),
            SeedColumn("past_due_since", .timestamp, .nullable),
        ],
        uniqueKeys: [
            SeedUniqueKey(
                columns: ["user_id", "organization_id", "starts_at"],
                columnsWithEqualNulls: ["user_id", "organization_id"],
                release: "starts_at = timestamptz '0100-01-01 00:00:00+00' + f.seed_row * interval '1 microsecond'"
            )
        ],
        ownedPeriod: SeedOwnedPeriod(
            noun: "subscription",
            ownerColumns: ["user_id", "organization_id"],
            startColumn: "starts_at",
            endColumn: "ends_at",
            claim: ("status", Subscription.Status.allCases.filter(\.mayGrantAccess).map(\.rawValue))
        ),
        deferredConstraints: ["subscriptions_user_periods_disjoint", "subscriptions_organization_periods_disjoint"]
    )
}
