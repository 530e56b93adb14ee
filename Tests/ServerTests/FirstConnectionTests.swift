import Foundation
import TestSupport
import Testing

/// What `serve` does when it cannot connect to the database: wrong settings end it, all else is waited for.
@Suite struct FirstConnectionTests {
    /// Settings of a server that is complete but for its database.
    private static func settings(_ url: String, _ folder: Folder) throws -> [String: String] {
        try folder.write(Tokens.keySet(), to: RunningServer.keySetFile)
        return [
            "DATABASE_URL": url, "STREAM_API_SECRET": "stream-secret-of-the-tests-0123456789",
            "WORKOS_JWKS_URL": "file://\(folder.file(RunningServer.keySetFile))", "ALLOW_DEVELOPMENT_TOKENS": "true",
        ]
    }

    /// The exit code, and what was said; nil when it went on.
    private static func serve(_ url: String) throws -> (status: Int32, errors: String)? {
        let folder = try Folder()
        let ports = ["HTTP_PORT": "0", "ADMIN_PORT": "0"]
        let settings = try settings(url, folder).merging(ports) { $1 }
        let process = try LaunchedProcess(["serve"], settings: settings, folder: folder)
        defer { process.kill() }
        // It says that it waits, or ends. The limit only matters for a server that does neither.
        var status: Int32?
        _ = waitUntil(within: .seconds(30)) {
            status = process.isRunning ? nil : process.exitStatus(within: .seconds(1))
            return status != nil || folder.text("errors").contains("listening on")
        }
        return status.map { ($0, folder.text("errors")) }
    }

    /// A server that asks for passwords, and logins for the tests.
    private static func withServer(_ body: @escaping @Sendable (OwnServer) async throws -> Void) async throws {
        let server = try await onOwnThread {
            let server = try OwnServer()
            try server.database.run(
                """
                SET password_encryption = 'scram-sha-256';
                CREATE ROLE right_one LOGIN PASSWORD 'right' IN ROLE connvo_app;
                CREATE ROLE unlisted LOGIN PASSWORD 'right' IN ROLE connvo_app;
                CREATE ROLE crowded LOGIN PASSWORD 'right' CONNECTION LIMIT 0 IN ROLE connvo_app;
                REVOKE CONNECT ON DATABASE postgres FROM PUBLIC;
                GRANT CONNECT ON DATABASE postgres TO connvo_app;
                CREATE ROLE outsider LOGIN PASSWORD 'right'
                """
            )
            let path = try #require(try server.database.scalar("current_setting('hba_file')"))
            let rules = """
                local all postgres trust
                local all right_one,crowded,outsider scram-sha-256
                local all nobody_of_that_name trust
                local template1 right_one scram-sha-256
                """
            try Data(rules.utf8).write(to: URL(fileURLWithPath: path))
            try server.database.run("SELECT pg_reload_conf()")
            // The reload is not immediate.
            #expect(
                try waitUntil {
                    try server.database.scalar("SELECT count(*) FROM pg_hba_file_rules WHERE error IS NULL") == "4"
                }
            )
            return server
        }
        try await body(server)
    }

    @Test func `what another attempt cannot mend ends it with 78 and the remedy`() async throws {
        try await Self.withServer { server in
            let cases: [(url: String, said: [String])] = [
                ("postgresql://right_one:wrong@/postgres", ["password authentication failed", "correct the password"]),
                ("postgresql://right_one@/postgres", ["no password supplied", "correct the password"]),
                ("postgresql://nobody_of_that_name@/postgres", ["does not exist", "pg_hba.conf"]),
                ("postgresql://unlisted:right@/postgres", ["no pg_hba.conf entry", "give it a line"]),
                ("postgresql://right_one:right@/none", ["database \"none\" does not exist", "CREATE DATABASE"]),
                ("postgresql://outsider:right@/postgres", ["permission denied for database", "GRANT CONNECT"]),
            ]
            for (url, said) in cases {
                let result = try await onOwnThread { try Self.serve("\(url)?host=\(server.host)") }
                let ended = try #require(result, "\(url) was waited for")
                #expect(ended.status == 78, "\(url)")
                for text in said { #expect(ended.errors.contains(text), "\(url): \(ended.errors)") }
                #expect(ended.errors.contains("DATABASE_URL"))
                // Nothing of the settings that could be a secret.
                #expect(!ended.errors.contains("wrong"), "\(ended.errors)")
                #expect(!ended.errors.contains("SQLSTATE") && !ended.errors.contains("LOCATION"))
            }
        }
    }

    @Test func `a server without TLS where the URL demands it ends it`() async throws {
        let result = try await onOwnThread {
            let forwarder = try TCPForwarder()
            return try Self.serve("postgresql://postgres@127.0.0.1:\(forwarder.port)/postgres?sslmode=require")
        }
        let ended = try #require(result)
        #expect(ended.status == 78)
        #expect(ended.errors.contains("server does not support SSL"))
        #expect(ended.errors.contains("sslmode"))
    }

    @Test func `a host that refuses beside one that is not there yet is waited for`() async throws {
        try await Self.withServer { server in
            let url = "host=/nonexistent,\(server.host) user=right_one password=wrong dbname=postgres"
            let ended = try await onOwnThread { try Self.serve(url) }
            #expect(ended == nil, "\(ended?.errors ?? "")")
        }
    }

    @Test func `a server that is not there is waited for, and one that refuses then ends it`() async throws {
        try await Self.withServer { server in
            let folder = try Folder()
            let later = folder.file("socket")
            let url = "host=\(later) user=right_one password=wrong dbname=postgres"
            let running = try await onOwnThread {
                try RunningServer.start(Self.settings(url, folder), folder: folder)
            }
            #expect(try await running.send(WireRequest("GET", "/readyz")).status == 503)

            try FileManager.default.createSymbolicLink(atPath: later, withDestinationPath: server.host)

            #expect(try await running.exitStatus() == 78)
            #expect(running.log.contains("password authentication failed"))
            #expect(running.log.contains("correct the password"))
        }
    }

    @Test func `a login without a free connection is waited for`() async throws {
        try await Self.withServer { server in
            let folder = try Folder()
            let url = "host=\(server.host) user=crowded password=right dbname=postgres"
            let running = try await onOwnThread {
                try RunningServer.start(Self.settings(url, folder), folder: folder)
            }
            #expect(try await running.send(WireRequest("GET", "/readyz")).status == 503)

            try await onOwnThread { try server.database.run("ALTER ROLE crowded CONNECTION LIMIT -1") }

            try await running.waitUntilReady()
            try await onOwnThread { running.kill() }
        }
    }

    @Test func `a password that is changed while it runs does not end it`() async throws {
        try await Self.withServer { server in
            let folder = try Folder()
            let url = "host=\(server.host) user=right_one password=right dbname=postgres"
            let running = try await onOwnThread {
                try RunningServer.start(Self.settings(url, folder), folder: folder)
            }
            try await running.waitUntilReady()

            try await onOwnThread {
                try server.database.run(
                    """
                    ALTER ROLE right_one PASSWORD 'new';
                    SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'right_one'
                    """
                )
            }
            try await running.waitUntilReady(503)
            #expect(waitUntil { running.log.contains("password authentication failed") })
            try await onOwnThread { try server.database.run("ALTER ROLE right_one PASSWORD 'right'") }
            try await running.waitUntilReady()
            #expect(running.isRunning)
            try await onOwnThread { running.kill() }
        }
    }
}
