import Testing

/// Random schedules: threads request steps, connect, work, lose connections and rest in any order, in simulated time.
@Suite struct PoolScheduleTests {
    @Test(arguments: 1...5)
    func `no schedule violates an invariant of the pool`(size: Int) throws {
        for seed in 0..<250 {
            var simulation = PoolSimulation(size: size, seed: UInt64(size * 1_000_000 + seed))
            try simulation.runAtRandom(steps: 250)
            try simulation.settle()
        }
    }

    @Test(arguments: 1...5)
    func `after every schedule the pool can use all its connections`(size: Int) throws {
        for seed in 0..<150 {
            var simulation = PoolSimulation(size: size, seed: UInt64(size * 1_000_000 + 100_000 + seed))
            try simulation.runAtRandom(steps: 250)
            try simulation.settle()
            try simulation.occupyAll()
        }
    }

    @Test(arguments: 1...5)
    func `after every schedule every slot can stop`(size: Int) throws {
        for seed in 0..<250 {
            var simulation = PoolSimulation(size: size, seed: UInt64(size * 1_000_000 + 200_000 + seed))
            try simulation.runAtRandom(steps: seed % 200)
            try simulation.stop()
        }
    }

    @Test(arguments: [1, 4, 8])
    func `an unreachable database gets a few attempts a second`(size: Int) throws {
        var simulation = PoolSimulation(size: size, seed: UInt64(size))

        let attempts = try simulation.attemptsOnDeadDatabase(during: .seconds(60))

        // From 1.5 s on, attempts are 500 ms apart; with jitter up to 625 ms.
        #expect((60_000 / 625 - 2...60_000 / 500 + 16).contains(attempts))
    }
}
