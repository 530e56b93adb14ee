import Domain
import TestSupport
import Testing

@Suite struct UUIDv7Tests {
    @Test func `it has the form of RFC 9562`() {
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<2000 {
            let id = UUIDv7(
                at: Timestamp(microsecondsSinceEpoch: .random(in: 0...4_000_000_000_000_000, using: &generator)),
                using: &generator
            )

            #expect(id.high >> 12 & 0xF == 7)
            #expect(id.low >> 62 == 0b10)
            #expect(UUIDv7(id.description) == id)
            #expect(UUIDv7(id.description.uppercased()) == id)
        }
    }

    @Test func `its first 48 bits are the milliseconds since 1970`() {
        var generator = SeededGenerator(seed: 3)

        // The example of RFC 9562, appendix A.6: 2022-02-22 14:22:22 GMT-05:00.
        let id = UUIDv7(at: Timestamp(microsecondsSinceEpoch: 1_645_557_742_000_999), using: &generator)

        #expect(id.description.hasPrefix("017f22e2-79b0-7"))
        #expect(id.instant == Timestamp(microsecondsSinceEpoch: 1_645_557_742_000_000))
        #expect(UUIDv7("017F22E2-79B0-7CC3-98C4-DC0C0C07398F")?.instant == id.instant)
    }

    @Test func `of two milliseconds the later sorts after the earlier`() {
        var generator = SeededGenerator(seed: 5)
        let ids = (0..<1000).map {
            UUIDv7(at: Timestamp(microsecondsSinceEpoch: 1_700_000_000_000_000 + $0 * 1000), using: &generator)
        }

        #expect(ids.map(\.description) == ids.map(\.description).sorted())
    }

    @Test func `two ids of one instant differ`() {
        var generator = SystemRandomNumberGenerator()
        let ids = (0..<10_000).map { _ in UUIDv7(at: Timestamp(secondsSinceEpoch: 1_700_000_000), using: &generator) }

        #expect(Set(ids).count == 10_000)
    }

    @Test func `every random bit is random`() {
        var generator = SeededGenerator(seed: 11)
        let ids = (0..<200).map { _ in UUIDv7(at: Timestamp(secondsSinceEpoch: 1_700_000_000), using: &generator) }

        for bit in 0..<62 {
            let ones = ids.count { $0.low >> bit & 1 == 1 }
            #expect((40...160).contains(ones), "bit \(bit)")
        }
    }

    @Test func `ids of one millisecond sort by its fraction`() {
        var generator = SeededGenerator(seed: 7)
        let ids = (0..<1000).map {
            UUIDv7(at: Timestamp(microsecondsSinceEpoch: 1_700_000_000_000_000 + $0), using: &generator)
        }

        #expect(ids.map(\.description) == ids.map(\.description).sorted())
        #expect(Set(ids.map(\.instant)).count == 1)
    }

    @Test func `instants before 1970 do not trap`() {
        var generator = SeededGenerator(seed: 3)

        #expect(UUIDv7(at: .distantPast, using: &generator).instant == Timestamp(secondsSinceEpoch: 0))
    }

    @Test(
        arguments: [
            "", "017f22e2", "017f22e279b07cc398c4dc0c0c07398f", "017f22e2-79b0-4cc3-98c4-dc0c0c07398f",
            "017f22e2-79b0-7cc3-18c4-dc0c0c07398f", "017f22e2-79b0-7cc3-98c4-dc0c0c07398",
            "g17f22e2-79b0-7cc3-98c4-dc0c0c07398f",
            "017f22e2-79b0-7cc3-98c4-dc0c0c07398f ", "{17f22e2-79b0-7cc3-98c4-dc0c0c07398f",
            "017f22e-279b0-7cc3-98c4-dc0c0c07398f",
            "017f22é-79b0-7cc3-98c4-dc0c0c07398f", "017f22e2-79b0-7cc3-98c4-dc0c0c0739é",
        ]
    )
    func `a text that is not canonical is refused`(text: String) {
        #expect(UUIDv7(text) == nil)
    }
}
