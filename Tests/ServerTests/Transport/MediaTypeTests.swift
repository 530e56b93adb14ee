import NIOHTTP1
import Testing

@testable import connvo_server

/// `Content-Type` as RFC 9110 reads it.
@Suite struct MediaTypeTests {
    @Test(arguments: [
        "application/json", "Application/JSON", " application/json ", "application/json;", "application/json ; ;",
        "application/json;charset=utf-8", "application/json; charset=UTF-8", #"application/json; charset="UTF-8""#,
        #"application/json; Charset="utf\-8""#, "application/json; version=1",
        #"application/json; profile="a;charset=latin1\"b""#,
    ])
    func `JSON in UTF-8 is accepted in every form`(value: String) {
        #expect(RequestFields(["Content-Type": value]).announcesJSON)
    }

    @Test(arguments: [
        "", "json", "application", "application/", "/json", "text/plain", "application/jsonp", "application/ json",
        "application/json; charset=latin1", #"application/json; charset="utf-16""#, "application/json; charset",
        "application/json; charset=", "application/json; charset =utf-8", "application/json charset=utf-8",
        "application/json, text/plain", #"application/json; charset="utf-8"#, "application/json; charset=utf-8 x",
        "application/json; charset=utf-8; charset=latin1",
    ])
    func `any other value is not`(value: String) {
        #expect(!RequestFields(["Content-Type": value]).announcesJSON)
    }

    @Test func `parameters keep their values`() throws {
        let type = try #require(MediaType(#"Text/Plain; A=b; c="d\"e; f""#))
        #expect(type.name == "text/plain")
        #expect(type.parameters.map(\.name) == ["a", "c"])
        #expect(type.parameters.map(\.value) == ["b", "d\"e; f"])
    }
}
