import TestSupport

/// Records of the beginning of 2026, few enough to count by hand.
enum History {
    /// Text that attacks a spreadsheet.
    static let formula = #"=HYPERLINK("http://evil.example","win")"#
    /// Text that attacks a browser.
    static let markup = #"<script>alert('x')</script>&"#

    static func write(to database: TestDatabase) throws {
        try database.run(
            """
            SELECT connvo.create_partition(name, month)
            FROM unnest(ARRAY['issued_tokens', 'token_refusals']) AS name
            CROSS JOIN unnest(ARRAY['2026-01-01', '2026-02-01']::date[]) AS month
            WHERE to_regclass('connvo.' || name || to_char(month, '_YYYY_MM')) IS NULL;
            SELECT connvo.rewind_rollups('2026-01-01');
            \(tokens)
            \(refusals)
            """
        )
    }

    /// The id of a record as the server makes it, but for chance.
    private static func id(_ at: String, _ number: String) -> String {
        """
        (lpad(to_hex((extract(epoch FROM \(at)::timestamptz) * 1000)::bigint), 12, '0') || '70008'
            || lpad(\(number)::text, 15, '0'))::uuid
        """
    }

    private static let tokens = """
        INSERT INTO connvo.issued_tokens
            (id, issued_at, expires_at, user_id, meeting_id, organizer_id, held_role, granted_role, stream_role, tier_id,
            tier_is_paid, subscription_id, subscription_status, subscription_starts_at, call_cid, token_sha256,
            signing_key_id, session_id, client_ip, user_agent, request_id)
        SELECT \(id("at", "number")), at::timestamptz, at::timestamptz + interval '1 hour', who, meeting, 'user_organizer',
            role, role, role, tier, true, '00000000-0000-0000-0000-00000000000a', 'active', '2025-12-01T00:00:00Z',
            'default:call', sha256('x'), '00000000000000aa', 'session', '192.0.2.1', 'Test', 'request-' || number
        FROM (VALUES
            (1, '2026-01-05T09:00:00Z', 'user_ann', 'meeting_one', 'host', 'pro'),
            (2, '2026-01-05T09:30:00Z', 'user_bob', 'meeting_one', 'participant', 'pro'),
            (3, '2026-01-05T23:59:59.750Z', 'user_ann', 'meeting_two', 'host', 'business'),
            (4, '2026-01-06T00:00:00Z', 'user_ann', 'meeting_two', 'host', 'business'),
            (5, '2026-02-01T00:00:00Z', 'user_cat', 'meeting_three', 'participant', 'pro')
        ) AS token (number, at, who, meeting, role, tier);
        """

    private static let refusals = """
        INSERT INTO connvo.token_refusals
            (id, refused_at, user_id, meeting_id, organizer_id, code, reason, session_id, user_agent, request_id)
        SELECT \(id("at", "number")), at::timestamptz, who, meeting, organizer, code, reason, 'session', 'Test',
            'request-' || number
        FROM (VALUES
            (6, '2026-01-05T10:15:00Z', 'user_eve', 'meeting_one', 'user_organizer', 'FORBIDDEN', 'not_a_participant'),
            (7, '2026-01-06T10:15:00Z', 'user_eve', 'meeting_free', '\(formula)', 'PAID_TIER_REQUIRED', 'tier_required')
        ) AS refusal (number, at, who, meeting, organizer, code, reason);
        """
}
