import Testing

@testable import connvo_server

/// The forms in which a request may name its path.
@Suite struct RequestTargetTests {
    @Test(arguments: [
        ("/livez", "/livez", ""), ("/readyz?verbose", "/readyz", "verbose"), ("/a?b?c", "/a", "b?c"), ("/?", "/", ""),
        ("//api/action", "/api/action", ""), ("///api/action", "//api/action", ""), ("*", "*", ""),
        ("http://localhost/livez?x", "/livez", "x"), ("HTTPS://[::1]:8443//livez", "/livez", ""),
        ("http://localhost", "/", ""), ("http://localhost?x", "/", "x"), ("http:/livez", "http:/livez", ""),
        ("ftp://localhost/livez", "ftp://localhost/livez", ""), ("localhost:443", "localhost:443", ""), ("", "", ""),
    ])
    func `a target has a path and a query`(target: String, path: String, query: String) {
        #expect(RequestTarget.split(target) == (Substring(path), Substring(query)))
    }
}
