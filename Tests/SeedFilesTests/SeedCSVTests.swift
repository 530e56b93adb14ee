import Foundation
import TestSupport
import Testing

@testable import Persistence
@testable import SeedFiles

/// What fields of CSV mean.
@Suite struct SeedCSVTests {
    private func read(_ text: [UInt8], kind: SeedKind = .users) throws -> SeedFileReader.Result {
        try SeedFileReader.read([SeedSource(name: "f.csv", format: .csv, pieces: [text])], kind: kind)
    }

    private func problems(_ text: String, kind: SeedKind = .users) throws -> [String] {
        try read(Array(text.utf8), kind: kind).problems.first.map(\.description)
    }

    @Test func `nothing is null where that may be, left out elsewhere, and quotes are an empty text`() throws {
        let read = try read(Array("id,email,display_name,avatar_url,is_active\na,a@x,,\"\",\nb,b@x,B,,true\n".utf8))

        #expect(read.problems.isEmpty)
        #expect(
            String(decoding: read.batch.chunk(0, of: .users), as: UTF8.self) == """
                0\t15\t63\ta\ta@x\t\\N\t\t\\N\t\\N
                1\t47\t63\tb\tb@x\tB\t\\N\t\\N\tt

                """
        )
    }

    @Test(arguments: ["true", "TRUE", "True"], ["false", "FALSE", "False"])
    func `true and false are read as spreadsheets write them`(yes: String, no: String) throws {
        let read = try read(Array("id,email,is_active\na,a@x,\(yes)\nb,b@x,\(no)\n".utf8))

        #expect(read.problems.isEmpty)
        #expect(
            String(decoding: read.batch.chunk(0, of: .users), as: UTF8.self) == """
                0\t35\t63\ta\ta@x\t\\N\t\\N\t\\N\tt
                1\t35\t63\tb\tb@x\t\\N\t\\N\t\\N\tf

                """
        )
        #expect(try problems("id,email,is_active\na,a@x,1\n") == ["f.csv:2:7: is_active: expected true or false"])
    }

    @Test func `a header must name known fields once, and all that are required`() throws {
        #expect(
            try problems("id,mail,id,is_active\na,x,b,yes\n") == [
                "f.csv:1:1: email: missing",
                "f.csv:1:4: mail: unknown field; users have id, email, display_name, avatar_url, organization_id, is_active",
                "f.csv:1:9: id: named twice",
                "f.csv:2:7: is_active: expected true or false",
            ]
        )
    }

    @Test func `every bad field is reported in its place`() throws {
        #expect(
            try problems(
                "id,display_name,is_paid,rank\nt 1,T,WAHR,+5\nok,,true,5\n\"t2\",\"a\nb\",false,99999999999\n",
                kind: .subscriptionTiers
            ) == [
                "f.csv:2:1: id: expected 1 to 64 of the characters A-Z a-z 0-9 _ -",
                "f.csv:2:7: is_paid: expected true or false",
                "f.csv:2:12: rank: expected an integer from -2147483648 to 2147483647",
                "f.csv:3:1: display_name: missing",
                "f.csv:5:10: rank: expected an integer from -2147483648 to 2147483647",
            ]
        )
    }

    @Test func `a wrong number of fields is reported with both numbers, and the key is kept`() throws {
        let read = try read(Array("id,email\na\nb,b@x,c\nd,d@x\n".utf8))

        #expect(
            read.problems.first.map(\.description) == [
                "f.csv:2:1: expected 2 fields, found 1", "f.csv:3:1: expected 2 fields, found 3",
            ]
        )
        #expect(read.batch.count(.users) == 3)
        #expect(read.batch.incompleteKinds.isEmpty)
    }

    @Test func `invalid UTF-8 and U+0000 are reported`() throws {
        let read = try read(
            Array("id,email,display_name\na,a@x,".utf8) + [0xFF] + Array("\nb,b@x,\"x\0y\"\n".utf8)
        )

        #expect(
            read.problems.first.map(\.description) == [
                "f.csv:2:7: display_name: invalid UTF-8", "f.csv:3:7: display_name: may not contain U+0000",
            ]
        )
    }

    @Test func `a header without the key leaves open which rows there are`() throws {
        #expect(try read(Array("email\na@x\n".utf8)).batch.incompleteKinds == [.users])
    }

    @Test(arguments: [
        ("users.csv", SeedKind.users), ("in/some.where/meeting_participants.csv", .meetingParticipants),
        ("people.csv", nil), ("/x/subscriptions.2026.csv", .subscriptions),
    ])
    func `the kind is the name of the file`(path: String, kind: SeedKind?) {
        #expect(SeedFileReader.kind(ofFile: path) == kind)
    }
}
