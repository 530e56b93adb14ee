import Persistence
import Testing

@testable import connvo_server

/// The examples and the rules of W3C Trace Context, level 1.
@Suite struct TraceIDTests {
    private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    private static let parent = "00f067aa0ba902b7"

    @Test(arguments: [
        "00-\(trace)-\(parent)-01", "00-\(trace)-\(parent)-00", "00-\(trace)-\(parent)-ff",
        // A version that is not known yet may have more parts.
        "01-\(trace)-\(parent)-01", "cc-\(trace)-\(parent)-01-what-the-future-holds", "fe-\(trace)-\(parent)-01-",
    ])
    func `a valid header has its trace`(header: String) {
        #expect(TraceID(traceparent: header)?.description == Self.trace)
    }

    @Test(arguments: [
        "", "00", "00-\(trace)-\(parent)", "00-\(trace)-\(parent)-", "00-\(trace)-\(parent)-1",
        "00-\(trace)-\(parent)-01-more", "00-\(trace)-\(parent)-01-", "00-\(trace)-\(parent)-011",
        "ff-\(trace)-\(parent)-01", "cc-\(trace)-\(parent)-01.more", "0-\(trace)-\(parent)-01",
        "00-00000000000000000000000000000000-\(parent)-01", "00-\(trace)-0000000000000000-01",
        "00-\(trace.uppercased())-\(parent)-01", "00-\(trace)-\(parent.uppercased())-01", "00-\(trace)-\(parent)-0A",
        "00-\(trace)x\(parent)-01", "00_\(trace)-\(parent)-01", " 00-\(trace)-\(parent)-01",
        "00-\(trace)-\(parent)-01 ", "00-4bf92f3577b34da6a3ce929d0e0e473\u{E9}-\(parent)-01",
        "00-\(trace)-\(parent)-\u{0660}\u{0661}",
    ])
    func `one wrong part makes the whole header void`(header: String) {
        #expect(TraceID(traceparent: header) == nil)
    }
}
