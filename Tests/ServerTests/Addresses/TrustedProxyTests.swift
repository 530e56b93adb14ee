import Testing

/// Which client address is recorded.
@Suite(.serverFixture(["TRUSTED_PROXIES": "127.0.0.0/8, 10.0.0.0/8,fd00::/8"])) struct TrustedProxyTests {
    static let cases: [(forwarded: [String], client: String)] = [
        ([], "127.0.0.1"),
        (["203.0.113.7"], "203.0.113.7"),
        (["6.6.6.6, 203.0.113.7"], "203.0.113.7"),
        (["6.6.6.6, 203.0.113.7, 10.1.2.3"], "203.0.113.7"),
        (["6.6.6.6,203.0.113.7 ,\t10.1.2.3,10.3.2.1"], "203.0.113.7"),
        (["6.6.6.6", "203.0.113.7"], "203.0.113.7"),
        (["203.0.113.7", "10.0.0.1"], "203.0.113.7"),
        (["2001:db8::1, fd00::2"], "2001:db8::1"),
        (["203.0.113.7, unknown"], "127.0.0.1"),
        (["203.0.113.7, '; DROP TABLE users, 10.0.0.1"], "10.0.0.1"),
        (["not an address"], "127.0.0.1"),
        (["203.0.113.7:4711"], "203.0.113.7"),
        (["203.0.113.7:x"], "127.0.0.1"),
        (["[2001:db8::9]:443"], "2001:db8::9"),
        (["[2001:db8::9]"], "2001:db8::9"),
        (["[2001:db8::9]443"], "127.0.0.1"),
        (["fe80::1%eth0"], "fe80::1"),
        (["203.0.113.7, ::ffff:10.1.2.3"], "203.0.113.7"),
        (["::ffff:203.0.113.7"], "203.0.113.7"),
        (["6.6.6.6, [::ffff:203.0.113.7]:80, 10.0.0.1:4711"], "203.0.113.7"),
        ([""], "127.0.0.1"),
    ]

    @Test(arguments: cases) func `the client is the rightmost address that is not a trusted proxy`(
        forwarded: [String],
        client: String
    ) async throws {
        let fixture = try ServerFixture.current
        for (user, table) in [(SeedData.host, "issued_tokens"), ("user_outsider", "token_refusals")] {
            let id = ServerFixture.makeRequestID()
            let request = WireRequest.call(try Tokens.bearer(user)).adding("X-Request-Id", id)
            _ = try await fixture.send(forwarded.reduce(request) { $0.adding("X-Forwarded-For", $1) })
            let address = try await fixture.scalar(
                "SELECT host(client_ip) FROM connvo.\(table) WHERE request_id = '\(id)'"
            )
            #expect(address == client)
        }
    }
}
