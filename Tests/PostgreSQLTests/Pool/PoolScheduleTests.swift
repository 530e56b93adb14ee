import Testing

/// Random schedules: threads that ask, connect, work, break and rest in any order, on a clock of their own.
@Suite struct PoolScheduleTests {
    @Test(arguments: 1...5)
    func `no schedule breaks what the pool promises`(size: Int) throws {
        for seed in 0..<250 {
            var simulation = PoolSimulation(size: size, seed: UInt64(size * 1_000_000 + seed))
            try simulation.runAtRandom(steps: 250)
            try simulation.settle()
        }
    }

    @Test(arguments: 1...5)
    func `no schedule keeps the pool from using all its connections afterwards`(size: Int) throws {
        for seed in 0..<150 {
            var simulation = PoolSimulation(size: size, seed: UInt64(size * 1_000_000 + 100_000 + seed))
            try simulation.runAtRandom(steps: 250)
            try simulation.settle()
            try simulation.occupyAll()
        }
    }

    @Test(arguments: 1...5)
    func `no schedule keeps a slot from stopping`(size: Int) throws {
        for seed in 0..<250 {
            var simulation = PoolSimulation(size: size, seed: UInt64(size * 1_000_000 + 200_000 + seed))
            try simulation.runAtRandom(steps: seed % 200)
            try simulation.stop()
        }
    }

    @Test(arguments: [1, 4, 8])
    func `a dead database sees a few attempts a second`(size: Int) throws {
        var simulation = PoolSimulation(size: size, seed: UInt64(size))

        let attempts = try simulation.attemptsOnDeadDatabase(during: .seconds(60))

        // 400 to 500 ms apart after the first second; 500 with jitter is 625.
        #expect((60_000 / 625 - 2...60_000 / 500 + 8).contains(attempts))
    }
}
