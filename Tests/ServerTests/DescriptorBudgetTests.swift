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
        let budget = DescriptorBudget(limit: limit, poolSize: poolSize)
        #expect(budget.publicConnections == `public`)
        #expect(budget.adminConnections == admin)
    }

    @Test func `the limit is raised as far as it may be`() {
        let limit = DescriptorBudget.raisedLimit()
        #expect(limit >= 64)
        #expect(DescriptorBudget.raisedLimit() == limit)
    }
}
