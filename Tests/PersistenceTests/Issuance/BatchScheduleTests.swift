import Testing

/// Random schedules: callers, workers and the sweeper in any order, deadlines that pass, and a clock that jumps.
@Suite struct BatchScheduleTests {
    @Test(arguments: 0..<8)
    func `no schedule breaks what the scheduler promises, and all work gets done`(group: Int) throws {
        for seed in 0..<250 {
            var simulation = BatchSchedulerSimulation(seed: UInt64(group * 1000 + seed))
            try simulation.runAtRandom(steps: 300)
            try simulation.finishWork()
        }
    }

    @Test(arguments: 0..<4)
    func `no schedule keeps an item from being completed when the engine stops`(group: Int) throws {
        for seed in 0..<250 {
            var simulation = BatchSchedulerSimulation(seed: UInt64(100_000 + group * 1000 + seed))
            try simulation.runAtRandom(steps: seed)
            try simulation.stop()
        }
    }
}
