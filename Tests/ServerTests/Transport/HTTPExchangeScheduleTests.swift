import Testing

/// Random schedules: requests of all kinds, pieces of them, answers that wait and connections that end, in any order.
@Suite struct HTTPExchangeScheduleTests {
    @Test(arguments: 0..<10) func `no schedule breaks what a connection promises`(part: Int) throws {
        for seed in 0..<500 {
            var simulation = HTTPExchangeSimulation(seed: UInt64(part * 1_000_000 + seed))
            try simulation.runAtRandom(steps: 200)
            try simulation.settle()
        }
    }
}
