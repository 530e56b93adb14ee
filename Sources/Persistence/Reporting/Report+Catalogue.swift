extension Report {
    /// Every report there is: one for each view of schema `reporting`.
    ///
    /// The columns are those of the view, in its order; a column that a view gains later is not shown until it stands here.
    package static let catalogue: [Report] = [
        tokens, hours, activeUsers, refusals, paywall, subscriptionUse, idleSubscriptions, liveTokens,
        concurrentTokens, meetingUse, tokenHolders, reissueBursts, addressFanout, alteredRoles, uncoveredTokens,
        recordFaults, partitionFaults, rollupDifferences, signingKeys, freshness,
    ]

    /// The controls: reports that show nothing as long as all is well.
    package static var controls: [Report] { catalogue.filter(\.isControl) }

    /// The report with a name of ours, or that of its view.
    package static func named(_ name: String) -> Report? {
        catalogue.first { $0.name == name || $0.view == name || $0.view == "reporting.\(name)" }
    }

    static let tokens = Report(
        "tokens",
        "Tokens per day, tier and role",
        view: "reporting.token_issuance_daily_v1",
        columns: [
            .day("day_utc"), .text("tier_id"), .text("granted_role"), .integer("tokens"), .integer("users"),
            .integer("meetings"),
        ],
        order: "day_utc, tier_id, granted_role",
        ranking: "day_utc DESC, tokens DESC, tier_id, granted_role",
        period: .day("day_utc"),
        tier: "tier_id"
    )

    static let hours = Report(
        "hours",
        "Tokens per hour and tier: the busiest hours",
        view: "reporting.token_issuance_hourly_v1",
        columns: [
            .instant("hour_starts_at"), .integer("weekday_utc"), .integer("hour_of_day_utc"), .text("tier_id"),
            .integer("tokens"),
        ],
        order: "hour_starts_at, tier_id",
        ranking: "tokens DESC, hour_starts_at DESC, tier_id",
        period: .hour("hour_starts_at"),
        tier: "tier_id"
    )

    static let activeUsers = Report(
        "active-users",
        "Users who got a token, per month and tier",
        view: "reporting.active_users_monthly_v1",
        columns: [
            .day("month_utc"), .text("tier_id"), .integer("users"), .integer("subscriptions"), .integer("tokens"),
        ],
        order: "month_utc, tier_id",
        ranking: "month_utc DESC, users DESC, tier_id",
        period: .month("month_utc"),
        tier: "tier_id"
    )

    static let refusals = Report(
        "refusals",
        "Refusals per hour and reason",
        view: "reporting.refusals_hourly_v1",
        columns: [
            .instant("hour_starts_at"), .text("reason"), .text("code"), .integer("refusals"), .integer("users"),
            .integer("meetings"),
        ],
        order: "hour_starts_at, reason",
        ranking: "refusals DESC, hour_starts_at DESC, reason",
        period: .hour("hour_starts_at")
    )

    static let paywall = Report(
        "paywall",
        "Whose meetings were closed for want of a paid tier, per month",
        view: "reporting.paywall_monthly_v1",
        columns: [
            .day("month_utc"), .text("organizer_id"), .text("organization_id"), .integer("refusals"),
            .integer("users"), .integer("meetings"), .instant("first_refused_at"), .instant("last_refused_at"),
            .boolean("pays_now"),
        ],
        order: "month_utc DESC, refusals DESC, organizer_id",
        period: .month("month_utc"),
        user: "organizer_id"
    )

    static let subscriptionUse = Report(
        "subscription-use",
        "What each subscription was used for",
        view: "reporting.subscription_use_v1",
        columns: [
            .text("subscription_id"), .text("tier_id"), .text("status"), .text("user_id"), .text("organization_id"),
            .instant("starts_at"), .instant("ends_at"), .boolean("is_open"), .integer("tokens"), .integer("users"),
            .instant("first_issued_at"), .instant("last_issued_at"),
        ],
        order: "tokens DESC, subscription_id",
        period: .instant("starts_at"),
        tier: "tier_id",
        user: "user_id"
    )

    static let idleSubscriptions = Report(
        "idle-subscriptions",
        "Subscriptions that are paid for and were never used",
        view: "reporting.idle_subscriptions_v1",
        columns: [
            .text("subscription_id"), .text("tier_id"), .text("status"), .text("user_id"), .text("organization_id"),
            .instant("starts_at"), .instant("ends_at"), .integer("days_open"),
        ],
        order: "starts_at, subscription_id",
        period: .instant("starts_at"),
        tier: "tier_id",
        user: "user_id"
    )

    static let liveTokens = Report(
        "live-tokens",
        "Tokens that work at this moment, per meeting and role",
        view: "reporting.live_tokens_v1",
        columns: [
            .text("meeting_id"), .text("granted_role"), .integer("tokens"), .integer("users"),
            .instant("first_expires_at"), .instant("last_expires_at"),
        ],
        order: "tokens DESC, meeting_id, granted_role",
        meeting: "meeting_id"
    )

    static let concurrentTokens = Report(
        "concurrent-tokens",
        "The most tokens that worked at once, per day",
        view: "reporting.concurrent_tokens_daily_v1",
        columns: [.day("day_utc"), .integer("peak_tokens"), .instant("peak_at")],
        order: "day_utc",
        ranking: "peak_tokens DESC, day_utc DESC",
        period: .day("day_utc")
    )

    static let meetingUse = Report(
        "meeting-use",
        "Tokens per day and meeting",
        view: "reporting.meeting_use_daily_v1",
        columns: [
            .day("day_utc"), .text("meeting_id"), .text("organizer_id"), .text("tier_id"), .integer("tokens"),
            .integer("users"), .instant("first_issued_at"), .instant("last_issued_at"),
        ],
        order: "tokens DESC, day_utc, meeting_id",
        period: .day("day_utc"),
        tier: "tier_id",
        meeting: "meeting_id",
        user: "organizer_id"
    )

    static let tokenHolders = Report(
        "token-holders",
        "Who held a token for a meeting, and from when to when",
        view: "reporting.meeting_token_holders_v1",
        columns: [
            .text("meeting_id"), .text("user_id"), .text("granted_role"), .integer("tokens"), .integer("addresses"),
            .instant("first_issued_at"), .instant("last_issued_at"), .instant("last_expires_at"),
        ],
        order: "meeting_id, first_issued_at, user_id, granted_role",
        period: .instant("last_issued_at"),
        meeting: "meeting_id",
        user: "user_id",
        needsOneOf: [.meeting, .user]
    )

    static let reissueBursts = Report(
        "reissue-bursts",
        "More than five tokens for one user and meeting in five minutes",
        view: "reporting.reissue_bursts_v1",
        columns: [
            .instant("burst_starts_at"), .text("user_id"), .text("meeting_id"), .integer("tokens"),
            .integer("addresses"), .integer("sessions"),
        ],
        order: "burst_starts_at, user_id, meeting_id",
        ranking: "tokens DESC, burst_starts_at DESC, user_id, meeting_id",
        period: .instant("burst_starts_at"),
        meeting: "meeting_id",
        user: "user_id"
    )

    static let addressFanout = Report(
        "address-fanout",
        "Addresses from which ten or more users came in a day",
        view: "reporting.address_fanout_daily_v1",
        columns: [
            .day("day_utc"), .address("client_ip"), .integer("users"), .integer("tokens"), .integer("refusals"),
            .decimal("refusal_ratio"),
        ],
        order: "users DESC, day_utc, client_ip",
        period: .day("day_utc")
    )

    static let alteredRoles = Report(
        "altered-roles",
        "Tokens whose role is above the one held, or neither that one nor the one asked for",
        view: "reporting.altered_roles_v1",
        columns: [
            .instant("issued_at"), .text("token_id"), .text("change"), .text("user_id"), .text("meeting_id"),
            .text("requested_role"), .text("held_role"), .text("granted_role"), .text("stream_role"),
            .text("request_id"), .text("trace_id"),
        ],
        order: "issued_at, token_id",
        period: .instant("issued_at"),
        meeting: "meeting_id",
        user: "user_id",
        isControl: true
    )

    static let uncoveredTokens = Report(
        "uncovered-tokens",
        "Tokens that no paid subscription covered when they were issued",
        view: "reporting.uncovered_tokens_v1",
        columns: [
            .instant("issued_at"), .text("token_id"), .text("fault"), .text("user_id"), .text("meeting_id"),
            .text("organizer_id"), .text("tier_id"), .text("subscription_id"), .text("subscription_status"),
            .instant("subscription_starts_at"), .instant("subscription_ends_at"), .text("request_id"),
            .text("trace_id"),
        ],
        order: "issued_at, token_id",
        period: .instant("issued_at"),
        tier: "tier_id",
        meeting: "meeting_id",
        user: "user_id",
        isControl: true
    )

    static let recordFaults = Report(
        "record-faults",
        "Records that contradict themselves",
        view: "reporting.record_faults_v1",
        columns: [
            .instant("recorded_at"), .text("record_table"), .text("record_id"), .text("fault"), .text("user_id"),
            .text("meeting_id"), .text("request_id"), .text("trace_id"),
        ],
        order: "recorded_at, record_id",
        period: .instant("recorded_at"),
        meeting: "meeting_id",
        user: "user_id",
        isControl: true
    )

    static let partitionFaults = Report(
        "partition-faults",
        "Months of records that can be altered, or were altered while they were detached",
        view: "reporting.partition_faults_v1",
        columns: [
            .instant("noticed_at"), .text("record_table"), .text("partition_name"), .text("fault"), .text("detail"),
        ],
        order: "noticed_at, partition_name, detail",
        period: .instant("noticed_at"),
        isControl: true
    )

    static let rollupDifferences = Report(
        "rollup-differences",
        "Hours, days and months whose kept counts disagree with the records",
        view: "reporting.rollup_differences_v1",
        columns: [.instant("starts_at"), .text("rollup"), .integer("rolled_up"), .integer("recorded")],
        order: "starts_at, rollup",
        period: .instant("starts_at"),
        isControl: true
    )

    package static let signingKeys = Report(
        "signing-keys",
        "Signing keys, and when each may be retired",
        view: "reporting.signing_keys_v1",
        columns: [
            .text("signing_key_id"), .integer("tokens"), .instant("first_issued_at"), .instant("last_issued_at"),
            .instant("last_expires_at"), .boolean("is_newest"), .boolean("may_retire"),
        ],
        order: "first_issued_at, signing_key_id"
    )

    static let freshness = Report(
        "freshness",
        "How far the records and the rollups reach",
        view: "reporting.freshness_v1",
        columns: [
            .instant("read_at"), .instant("last_issued_at"), .instant("last_refused_at"), .instant("records_from"),
            .instant("rolled_up_until"), .instant("refreshed_at"),
        ],
        order: "read_at"
    )
}
