import Testing
import Text

@Suite struct EqualBytesTests {
    private func areEqual(_ one: [UInt8], _ other: [UInt8]) -> Bool {
        one.withUnsafeBufferPointer { one in other.withUnsafeBufferPointer { one.hasSameBytes(as: $0) } }
    }

    @Test func `every byte counts, at every length`() {
        for length in 0...33 {
            let bytes = (0..<length).map { UInt8($0) }
            #expect(areEqual(bytes, (0..<length).map { UInt8($0) }))
            #expect(!areEqual(bytes, bytes + [0]))
            #expect(!areEqual(bytes + [0], bytes))
            for index in bytes.indices {
                var other = bytes
                other[index] ^= 0x80
                #expect(!areEqual(bytes, other), "\(index) of \(length)")
            }
        }
    }

    @Test func `strings are compared by their bytes`() {
        #expect("caf\u{E9}" == "cafe\u{301}", "Swift compares by canonical equivalence")
        #expect(!"caf\u{E9}".hasSameBytes(as: "cafe\u{301}"))
        #expect("caf\u{E9}".hasSameBytes(as: "caf\u{E9}"))
        #expect("".hasSameBytes(as: ""))
        #expect(!"a".hasSameBytes(as: ""))
    }
}
