import Testing

@testable import connvo_server

/// Addresses in the forms in which the system and proxies write them.
@Suite struct IPAddressTests {
    @Test(arguments: [
        ("203.0.113.9", "203.0.113.9"), ("203.0.113.9:4711", "203.0.113.9"), (" 203.0.113.9\t", "203.0.113.9"),
        ("[2001:db8::9]:443", "2001:db8::9"), ("[2001:db8::9]", "2001:db8::9"), ("2001:DB8:0::9", "2001:db8::9"),
        ("::ffff:10.0.0.1", "10.0.0.1"), ("[::ffff:10.0.0.1]:80", "10.0.0.1"), ("fe80::1%eth0", "fe80::1"),
        ("[fe80::1%25eth0]:80", "fe80::1"),
    ])
    func `an entry of a proxy names one address`(entry: String, address: String) {
        #expect(IPAddress(forwarded: entry)?.text == address)
    }

    @Test(arguments: [
        "", " ", "unknown", "_hidden", "203.0.113", "203.0.113.9:", "203.0.113.9:x", "203.0.113.9:80:90",
        "203.0.113.9%eth0", "[203.0.113.9", "[]:80", "[2001:db8::9]443", "2001:db8::9]:443", "203.0.113.9 evil",
        "1.2.3.4, 5.6.7.8", "for=203.0.113.9",
    ])
    func `any other entry names none`(entry: String) {
        #expect(IPAddress(forwarded: entry) == nil)
    }

    @Test func `a mapped address is the IPv4 address`() {
        #expect(IPAddress.unmapped("::ffff:10.0.0.1") == "10.0.0.1")
        #expect(IPAddress.unmapped("fe80::1%2") == "fe80::1")
        #expect(IPAddress.unmapped("2001:db8::1") == "2001:db8::1")
        #expect(IPAddress.unmapped("10.0.0.1") == "10.0.0.1")
    }

    @Test(arguments: ["10.0.0.0/8", "::ffff:10.0.0.0/104"])
    func `a trusted proxy is known by both forms of its address`(network: String) throws {
        let proxies = try #require(TrustedProxies([network]))
        for peer in ["10.9.8.7", "::ffff:10.9.8.7"] {
            #expect(proxies.client(peer: peer, forwardedFor: ["203.0.113.7"]) == "203.0.113.7")
        }
        #expect(proxies.client(peer: "11.0.0.1", forwardedFor: ["203.0.113.7"]) == "11.0.0.1")
    }

    @Test(arguments: [
        "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "::ffff:10.0.0.0/8", "10.0.0.0/8/8", "example.com", "",
    ])
    func `what is no network is refused`(network: String) {
        #expect(TrustedProxies([network]) == nil)
    }
}
