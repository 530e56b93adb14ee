import Persistence
import Testing

@Suite struct BufferedRandomNumberGeneratorTests {
    @Test func `no number comes twice, beyond what is fetched at once and from several generators`() {
        var generators = (0..<20).map { _ in BufferedRandomNumberGenerator() }
        var seen = Set<UInt64>()
        for _ in 0..<200 {
            for index in generators.indices { seen.insert(generators[index].next()) }
        }

        #expect(seen.count == 20 * 200)
    }

    @Test func `every bit is as often set as not`() {
        var generator = BufferedRandomNumberGenerator()
        let numbers = (0..<10_000).map { _ in generator.next() }

        for bit in UInt64(0)..<64 {
            // Eight standard deviations either way.
            #expect((4_600...5_400).contains(numbers.count { $0 >> bit & 1 == 1 }), "bit \(bit)")
        }
    }
}
