import Testing

@testable import connvo_server

/// What a mistyped name on the command line gets: exit code 64, nothing on standard output, and the near name.
@Suite struct MisspelledNameTests {
    @Test(
        arguments: [
            // Subcommands, at every level, whatever follows.
            (["migarte"], "There is no command \"migarte\"; did you mean migrate?\nUsage: connvo-server <subcommand>"),
            (["migarte", "--help"], "did you mean migrate?"),
            (["exprot", "--output", "x.json"], "did you mean export?"),
            (["sede", "x.json"], "did you mean seed?"),
            (
                ["migrate", "statsu"],
                "There is no command \"migrate statsu\"; did you mean status?\nUsage: connvo-server migrate <subcommand>"
            ),
            (["migrate", "paln", "--json"], "did you mean plan?"),
            (["migrate", "MIGRATE"], "there are up, status, plan, check, verify, repair, adopt, wait"),
            (["token", "inspcet", "-"], "There is no command \"token inspcet\"; did you mean inspect?"),
            (["migrate", "help"], "did you mean connvo-server help migrate?"),
            (["migrations"], "did you mean connvo-server help migrations?"),
            (["Serve"], "did you mean serve?"),
            (["xyzzy"], "There is no command \"xyzzy\"; there are serve, migrate, seed"),
            ([""], "There is no command \"\""),
            (["\u{1B}[31m"], "There is no command \"\\u{1B}[31m\""),
            // Kinds and formats.
            (["seed", "--kind", "usres", "x.csv"], "did you mean users?"),
            (["seed", "--prune", "meeting", "x.json"], "did you mean meeting_participants or meetings?"),
            (["seed", "--format", "jsno", "x"], "did you mean json?"),
            (["export", "--kind", "usrs"], "did you mean users?"),
            (["export", "--kind", "xyzzy"], "there are organizations, users, subscription_tiers"),
            (["export", "--format", "cvs"], "did you mean csv?"),
            (["report", "tokens", "--format", "tabel"], "did you mean table?"),
            // Reports.
            (["report", "tokns"], "there is no report \"tokns\"; did you mean tokens?"),
            (["report", "overveiw"], "did you mean overview?"),
            (["report", "xyzzy"], "connvo-server report lists them"),
            // Options, which ArgumentParser knows how to correct.
            (["report", "tokens", "--outptu", "x"], "Did you mean '--output'?"),
            (["migrate", "up", "--atempts", "3"], "Did you mean '--attempts'?"),
            (["seed", "--dryrun", "x.json"], "Did you mean '--dry-run'?"),
            (["serve", "--http-prt", "1"], "Did you mean '--http-port'?"),
        ]
    )
    func `the near name is said`(arguments: [String], message: String) async throws {
        let result = try await Binary.run(arguments)
        #expect(result.status == 64, "\(result.output)")
        #expect(result.output.isEmpty)
        #expect(result.errors.contains(message), "\(result.errors)")
        #expect(result.errors.hasPrefix("Error: "), "\(result.errors)")
    }

    @Test(
        arguments: [
            ("paln", ["plan"]), ("usres", ["users"]), ("USERS", ["users"]), ("user", ["users"]), ("x", []), ("", []),
            ("planx", ["plan"]), ("nalp", []),
        ]
    )
    func `an exchange of neighbours is one step, and case is none`(given: String, near: [String]) {
        #expect(NearNames.of(given, in: ["plan", "users", "meetings"]) == near)
    }
}
