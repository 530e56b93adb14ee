import TestSupport
import Testing

@Suite struct TestServerTests {
    @Test(arguments: [
        ["PGHOST": "/tmp/socket"], ["PGHOST": "localhost"], ["PGHOST": "127.0.0.1"],
        ["PGHOST": "::1", "PGHOSTADDR": "::1"],
    ])
    func `tests use a local server`(environment: [String: String]) throws {
        try TestServer.checkIsLocal(environment)
    }

    @Test(arguments: [
        [:], ["PGHOST": "db.example.com"], ["PGHOST": "localhost", "PGHOSTADDR": "10.0.0.1"],
        ["PGHOST": "/tmp/socket", "PGSERVICE": "production"], ["PGHOST": "/tmp/a,db.example.com"],
    ])
    func `tests refuse any other`(environment: [String: String]) {
        #expect(throws: TestServer.Refusal.self) { try TestServer.checkIsLocal(environment) }
    }
}
