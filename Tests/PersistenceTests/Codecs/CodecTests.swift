import Domain
import PostgreSQL
import TestSupport
import Testing

@testable import Persistence

/// Our binary forms against the server's own text.
@Suite struct CodecTests {
    /// Sends each value, and compares what the server understood, and what comes back, with what was meant.
    private static func roundTrip<Value: BinaryEncodable & BinaryDecodable & Equatable & Sendable>(
        _ cases: [(Value, String)],
        _ type: TypeOID,
        arrays arrayType: TypeOID
    ) async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            try connection.executeScript("SET TimeZone = 'UTC'; SET bytea_output = 'hex'", deadline: .soon)
            let one = Statement("test.one", "SELECT $1, $1::text", parameters: [type])
            let many = Statement(
                "test.many",
                "SELECT e, e::text FROM unnest($1) WITH ORDINALITY AS u (e, o) ORDER BY o",
                parameters: [arrayType]
            )

            for (value, text) in cases {
                var parameters = Parameters()
                parameters.append(value)
                let row = try connection.execute(one, parameters, deadline: .soon).onlyRow()
                #expect(try row.decode(1, as: String.self) == text)
                #expect(try row.decode(0, as: Value.self) == value)
            }
            var parameters = Parameters()
            parameters.append(array: cases.map(\.0), of: type)
            let rows = try connection.execute(many, parameters, deadline: .soon).rows
            #expect(try rows.map { try $0.decode(0, as: Value.self) } == cases.map(\.0))
            #expect(try rows.map { try $0.decode(1, as: String.self) } == cases.map(\.1))
        }
    }

    @Test func `bool`() async throws {
        try await Self.roundTrip([(true, "true"), (false, "false")], .bool, arrays: .boolArray)
    }

    @Test func `int4`() async throws {
        try await Self.roundTrip([Int32.min, -1, 0, 1, .max].map { ($0, "\($0)") }, .int4, arrays: .int4Array)
    }

    @Test func `int8`() async throws {
        try await Self.roundTrip([Int64.min, -1, 0, 1 << 40, .max].map { ($0, "\($0)") }, .int8, arrays: .int8Array)
    }

    @Test func `int2, which is only read`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            let query = Statement("test.int2", "VALUES (1, '-32768'::int2), (2, -1::int2), (3, 32767::int2) ORDER BY 1")

            let rows = try connection.execute(query, deadline: .soon).rows

            #expect(try rows.map { try $0.decode(1, as: Int16.self) } == [.min, -1, .max])
        }
    }

    @Test func `bytea`() async throws {
        let all = (0...255).map { UInt8($0) }
        let digits = Array("0123456789abcdef")
        let hex = all.map { "\(digits[Int($0 >> 4)])\(digits[Int($0 & 15)])" }.joined()

        try await Self.roundTrip([([], "\\x"), ([0], "\\x00"), (all, "\\x" + hex)], .bytea, arrays: .byteaArray)
    }

    @Test func `text`() async throws {
        let words = [
            "", " ", "NULL", "null", "{}", "\"quoted\", \\n", "Zoë", "日本語", "𝄞😀👩‍👩‍👧‍👦", "e\u{301}", "line\nline\r\ttab",
            "\u{FFFF}\u{10FFFF}",
        ]

        try await Self.roundTrip(words.map { ($0, $0) }, .text, arrays: .textArray)
    }

    @Test func `timestamptz`() async throws {
        try await Self.roundTrip(
            [
                (Timestamp(secondsSinceEpoch: 0), "1970-01-01 00:00:00+00"),
                (Timestamp(microsecondsSinceEpoch: -1), "1969-12-31 23:59:59.999999+00"),
                (Timestamp(secondsSinceEpoch: 946_684_800), "2000-01-01 00:00:00+00"),
                (Timestamp(microsecondsSinceEpoch: 946_684_799_999_999), "1999-12-31 23:59:59.999999+00"),
                (Timestamp(microsecondsSinceEpoch: 1_704_067_200_123_456), "2024-01-01 00:00:00.123456+00"),
                (Timestamp(secondsSinceEpoch: 253_402_300_799), "9999-12-31 23:59:59+00"),
                (.distantFuture, "infinity"),
                (.distantPast, "-infinity"),
                // The first instant that PostgreSQL knows.
                (Timestamp(secondsSinceEpoch: -210_866_803_200), "4714-11-24 00:00:00+00 BC"),
                // The last that Int64 microseconds since 1970 can say; PostgreSQL's reach 30 years further.
                (Timestamp(microsecondsSinceEpoch: .max - 1), "294247-01-10 04:00:54.775806+00"),
            ],
            .timestamptz,
            arrays: .timestamptzArray
        )
    }

    @Test func `instants beyond what we can say become the infinity they are next to`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            let query = Statement("test.last", "SELECT '294276-12-31 23:59:59.999999+00'::timestamptz")

            let row = try connection.execute(query, deadline: .soon).onlyRow()

            #expect(try row.decode(0) == Timestamp.distantFuture)
        }
    }

    @Test func `instants before what the server can say are refused by it, never shifted`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            var parameters = Parameters()
            parameters.append(Timestamp(secondsSinceEpoch: -210_866_803_201))
            let query = Statement("test.first", "SELECT $1", parameters: [.timestamptz])

            let error = databaseError { try connection.execute(query, parameters, deadline: .soon) }

            #expect(error?.sqlState == SQLState(rawValue: "22008"))
        }
    }

    @Test func `random instants agree with the server's own arithmetic`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            var generator = SeededGenerator(seed: 7)
            let instants = (0..<500).map { _ in
                Timestamp(
                    microsecondsSinceEpoch: Int64.random(
                        in: -210_866_803_200_000_000...9_000_000_000_000_000_000,
                        using: &generator
                    )
                )
            }
            var parameters = Parameters()
            parameters.append(array: instants, of: .timestamptz)
            let query = Statement(
                "test.epochs",
                "SELECT (extract(epoch FROM t) * 1000000)::bigint, t FROM unnest($1) WITH ORDINALITY AS u (t, o) ORDER BY o",
                parameters: [.timestamptzArray]
            )

            let rows = try connection.execute(query, parameters, deadline: .soon).rows

            #expect(try rows.map { try $0.decode(0, as: Int64.self) } == instants.map(\.microsecondsSinceEpoch))
            #expect(try rows.map { try $0.decode(1, as: Timestamp.self) } == instants)
        }
    }

    @Test func `uuid`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            var generator = SeededGenerator(seed: 1)
            let ids = (0..<50).map { UUIDv7(at: Timestamp(secondsSinceEpoch: $0 * 40_000_000), using: &generator) }
            var parameters = Parameters()
            parameters.append(array: ids, of: .uuid)
            let query = Statement(
                "test.uuids",
                "SELECT u::text, u FROM unnest($1) WITH ORDINALITY AS t (u, o) ORDER BY o",
                parameters: [.uuidArray]
            )

            let rows = try connection.execute(query, parameters, deadline: .soon).rows

            #expect(try rows.map { try $0.decode(0, as: String.self) } == ids.map(\.description))
            let words = try rows.map { try $0.decode(1, as: [UInt8].self) }
            #expect(
                words == ids.map { id in [id.high, id.low].flatMap { withUnsafeBytes(of: $0.bigEndian, Array.init) } }
            )
        }
    }

    @Test func `the id of a subscription`() async throws {
        let ids = [
            Subscription.ID(high: 0, low: 0),
            Subscription.ID(high: 0x0123_4567_89AB_CDEF, low: 0xFEDC_BA98_7654_3210),
            Subscription.ID(high: .max, low: .max),
        ]

        try await Self.roundTrip(ids.map { ($0, $0.description) }, .uuid, arrays: .uuidArray)
        #expect(ids[1].description == "01234567-89ab-cdef-fedc-ba9876543210")
    }

    @Test func `arrays may hold NULLs`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            let words: [String?] = ["a", nil, "", nil, "b,c"]
            var parameters = Parameters()
            parameters.append(arrayOf: .text, count: words.count) { words[$0] }
            let query = Statement("test.nulls", "SELECT $1::text, array_position($1, NULL)", parameters: [.textArray])

            let row = try connection.execute(query, parameters, deadline: .soon).onlyRow()

            #expect(try row.decode(0, as: String.self) == #"{a,NULL,"",NULL,"b,c"}"#)
            #expect(try row.decode(1, as: Int32.self) == 2)
        }
    }

    @Test(arguments: [TypeOID.text, .bool, .uuid, .timestamptz, .bytea, .int4, .int8])
    func `an empty array is empty and not NULL`(type: TypeOID) async throws {
        let arrays: [TypeOID: TypeOID] = [
            .text: .textArray, .bool: .boolArray, .uuid: .uuidArray, .timestamptz: .timestamptzArray,
            .bytea: .byteaArray, .int4: .int4Array, .int8: .int8Array,
        ]
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            var parameters = Parameters()
            parameters.append(arrayOf: type, count: 0) { _ in nil as String? }
            let query = Statement("test.empty", "SELECT $1::text", parameters: [try #require(arrays[type])])

            let row = try connection.execute(query, parameters, deadline: .soon).onlyRow()

            #expect(try row.decode(0, as: String.self) == "{}")
        }
    }

    @Test func `NULL and empty are two things, both ways`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            var parameters = Parameters()
            parameters.append("")
            parameters.append(nil as String?)
            parameters.append([] as [UInt8])
            parameters.appendNull()
            let query = Statement(
                "test.nothing",
                "SELECT $1, $2, $3, $4, $1 IS NULL, $2 IS NULL, $3 IS NULL, $4 IS NULL",
                parameters: [.text, .text, .bytea, .bytea]
            )

            let row = try connection.execute(query, parameters, deadline: .soon).onlyRow()

            #expect((0..<4).map { row.isNull($0) } == [false, true, false, true])
            #expect(try (4..<8).map { try row.decode($0, as: Bool.self) } == [false, true, false, true])
            #expect(try row.decode(0, as: String.self) == "")
            #expect(try row.decodeIfPresent(1, as: String.self) == nil)
            #expect(try row.decode(2, as: [UInt8].self) == [])
        }
    }

    @Test func `NULL where a value must be is a decoding error that names the column`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            let row = try connection.execute(Statement("test.null", "SELECT NULL::int8 AS amount"), deadline: .soon)
                .onlyRow()

            let error = databaseError { try row.decode(0, as: Int64.self) }

            #expect(error?.kind == .decoding)
            #expect(error?.message.contains("amount") == true)
            #expect(error?.statement == "test.null")
            #expect(error?.leavesConnectionUsable == true)
        }
    }

    @Test func `a value of another length is a decoding error`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            let query = Statement("test.lengths", "SELECT 1::int4, 1::int8, 'longer than eight'::text, ''::text")

            let row = try connection.execute(query, deadline: .soon).onlyRow()

            #expect(databaseError { try row.decode(0, as: Int64.self) }?.kind == .decoding)
            #expect(databaseError { try row.decode(1, as: Int32.self) }?.kind == .decoding)
            #expect(databaseError { try row.decode(2, as: Timestamp.self) }?.kind == .decoding)
            #expect(databaseError { try row.decode(0, as: Bool.self) }?.kind == .decoding)
            #expect(databaseError { try row.decode(3, as: Int16.self) }?.kind == .decoding)
        }
    }

    @Test func `a NUL character is refused by the server, and the connection goes on`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            var parameters = Parameters()
            parameters.append("a\u{0}b")

            let error = databaseError {
                try connection.execute(
                    Statement("test.nul", "SELECT $1", parameters: [.text]),
                    parameters,
                    deadline: .soon
                )
            }

            #expect(error?.sqlState == SQLState(rawValue: "22021"))
            #expect(try connection.text("SELECT 1") == "1")
        }
    }
}
