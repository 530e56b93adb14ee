internal import NIOCore
internal import NIOHTTP1

/// What a door sends back, before it becomes HTTP.
struct Answer {
    var status: HTTPResponseStatus
    /// A complete JSON document.
    var body: ByteBuffer
    /// Beyond the headers that every answer carries.
    var headers: [(String, String)] = []
}
