import Domain
import PostgreSQL
import TestSupport

@testable import Persistence

extension TestDatabase {
    /// An organizer who pays, their active meeting, and a participant of it.
    struct PaidMeeting: Sendable {
        let organizer: String
        let meeting: String
        let participant: String
    }

    func paidMeeting(role: String = "participant") throws -> PaidMeeting {
        let organizer = try user()
        try subscription(user: organizer)
        let meeting = try meeting(organizer: organizer)
        let participant = try user()
        try self.participant(meeting: meeting, user: participant, role: role)
        return PaidMeeting(organizer: organizer, meeting: meeting, participant: participant)
    }

    /// The one row of a record table that a request left, as column and text; nil when it left none. Times are UTC.
    func record(of requestID: String, in table: String) throws -> [String: String?]? {
        var connection = try connect()
        try connection.executeScript("SET TimeZone = 'UTC'", deadline: .soon)
        let query = Statement(
            "test.record",
            "SELECT e.key, e.value, t.id::text FROM connvo.\(table) t, jsonb_each_text(to_jsonb(t)) e WHERE request_id = $1",
            parameters: [.text]
        )
        var parameters = Parameters()
        parameters.append(requestID)
        let rows = try connection.execute(query, parameters, deadline: .soon).rows
        guard try Set(rows.map { try $0.decode(2, as: String.self) }).count <= 1 else {
            throw TimeoutError(what: "one row of \(requestID)")
        }
        let pairs: [(String, String?)] = try rows.map { (try $0.decode(0), try $0.decodeIfPresent(1)) }
        return pairs.isEmpty ? nil : Dictionary(uniqueKeysWithValues: pairs)
    }

    /// An instant as ``record(of:in:)`` writes it.
    func text(of instant: Timestamp) throws -> String? {
        var connection = try connect()
        try connection.executeScript("SET TimeZone = 'UTC'", deadline: .soon)
        return try connection.text(
            "SELECT to_jsonb('epoch'::timestamptz + \(instant.microsecondsSinceEpoch) * interval '1 microsecond') #>> '{}'"
        )
    }

    func tokenCount() throws -> Int {
        try scalar("SELECT count(*) FROM connvo.issued_tokens").flatMap { Int($0) } ?? -1
    }

    func refusalCount() throws -> Int {
        try scalar("SELECT count(*) FROM connvo.token_refusals").flatMap { Int($0) } ?? -1
    }

    /// Makes `statement` run for each row of `table`, as the superuser.
    ///
    /// - Parameter atCommit: Runs it when COMMIT is being done instead of at the INSERT.
    func trigger(on table: String = "issued_tokens", atCommit: Bool, _ statement: String) throws {
        let timing =
            atCommit
            ? "CREATE CONSTRAINT TRIGGER test_trigger AFTER INSERT ON connvo.\(table) DEFERRABLE INITIALLY DEFERRED"
            : "CREATE TRIGGER test_trigger AFTER INSERT ON connvo.\(table)"
        try run(
            """
            CREATE FUNCTION public.test_trigger() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
                AS $$ BEGIN \(statement); RETURN NULL; END $$;
            \(timing) FOR EACH ROW EXECUTE FUNCTION public.test_trigger();
            """
        )
    }

    /// Holds back every session that reads meetings, until `body` returns.
    func withMeetingsLocked<Value>(_ body: () throws -> Value) throws -> Value {
        var holder = try connect()
        try holder.executeScript("BEGIN; LOCK TABLE connvo.meetings IN ACCESS EXCLUSIVE MODE", deadline: .soon)
        let value = try body()
        try holder.executeScript("ROLLBACK", deadline: .soon)
        return value
    }

    /// Ends all connections and takes no new ones, until ``open()``.
    func shut() throws {
        try TestServer.run("ALTER DATABASE \(name) ALLOW_CONNECTIONS false")
        try TestServer.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '\(name)'"
        )
    }

    func open() throws {
        try TestServer.run("ALTER DATABASE \(name) ALLOW_CONNECTIONS true")
    }

    /// Takes the partition of this month out, and drops it unless it is to be kept.
    func detachMonth(of table: String, drop: Bool = false) throws {
        try run(
            """
            DO $$ DECLARE part text := '\(table)' || to_char(now() AT TIME ZONE 'UTC', '_YYYY_MM'); BEGIN
                EXECUTE format('ALTER TABLE connvo.\(table) DETACH PARTITION connvo.%I', part);
                IF \(drop) THEN EXECUTE format('DROP TABLE connvo.%I', part); END IF;
            END $$
            """
        )
    }
}
