import Testing

@testable import connvo_server

/// How descriptors are shared out.
@Suite struct DescriptorBudgetTests {
    @Test(arguments: [
        (64, 4, 6, 8), (64, 64, 4, 8), (256, 4, 198, 8), (1024, 4, 958, 16), (1024, 64, 838, 16),
        (20_000, 4, 16_384, 64),
        (1_048_576, 64, 16_384, 64), (0, 1, 4, 8),
    ])
    func `clients get what is left of the limit`(limit: Int, poolSize: Int, public: Int, admin: Int) {
        let budget = DescriptorBudget(limit: limit, poolSize: poolSize, speaksTLS: false)
        #expect(budget.publicConnections == `public`)
        #expect(budget.adminConnections == admin)
    }

    @Test(arguments: [(1024, 958), (20_000, 4096)])
    func `connections with TLS are fewer, because each takes more memory`(limit: Int, public: Int) {
        #expect(DescriptorBudget(limit: limit, poolSize: 4, speaksTLS: true).publicConnections == `public`)
    }

    @Test func `the limit is raised as far as it may be`() {
        let limit = DescriptorBudget.raisedLimit()
        #expect(limit >= 64)
        #expect(DescriptorBudget.raisedLimit() == limit)
    }
}
