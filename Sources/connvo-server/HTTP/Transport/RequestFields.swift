internal import NIOHTTP1
internal import Persistence

/// The header fields that the server looks at, found in one pass.
struct RequestFields {
    var authorization = AuthorizationHeader.absent
    private var contentType: String?
    private var contentTypeCount = 0
    var hasContentEncoding = false
    /// Bytes announced by Content-Length; nil for a chunked body.
    var contentLength: Int?
    var requestID: String?
    /// Of a valid `traceparent`; nil when there are several.
    var traceID: TraceID?
    private var traceParentCount = 0
    var userAgent: String?
    var forwardedFor: [String] = []
    var expectsContinue = false
    var hostCount = 0
    /// Whether the client offers to change to another protocol.
    var offersUpgrade = false

    init(_ headers: HTTPHeaders) {
        for (name, value) in headers {
            // Most fields are of no interest: the length tells most of them apart.
            switch name.utf8.count {
            case 13 where name.isField("authorization"):
                if case .absent = authorization { authorization = .one(value) } else { authorization = .several }
            case 12 where name.isField("content-type"):
                contentTypeCount += 1
                contentType = value
            case 16 where name.isField("content-encoding"): hasContentEncoding = true
            case 14 where name.isField("content-length"): contentLength = Int(value)
            case 12 where name.isField("x-request-id"):
                if RequestID.isSane(value) { requestID = value }
            case 11 where name.isField("traceparent"):
                traceParentCount += 1
                traceID = traceParentCount == 1 ? TraceID(traceparent: value) : nil
            case 10 where name.isField("user-agent"): userAgent = value
            case 15 where name.isField("x-forwarded-for"): forwardedFor.append(value)
            case 6 where name.isField("expect"): expectsContinue = value.isField("100-continue")
            case 4 where name.isField("host"): hostCount += 1
            case 7 where name.isField("upgrade"): offersUpgrade = true
            default: break
            }
        }
    }

    /// Whether the body is announced as docs/errors.md wants it: exactly one type, no charset but UTF-8, no encoding.
    var announcesJSON: Bool {
        guard !hasContentEncoding, contentTypeCount == 1, let contentType else { return false }
        if contentType == "application/json" { return true }
        guard let type = MediaType(contentType), type.name == "application/json" else { return false }
        return type.parameters.allSatisfy { $0.name != "charset" || $0.value.lowercased() == "utf-8" }
    }
}

extension String {
    /// Compares without regard to ASCII case; `lowercase` must be lower case.
    fileprivate func isField(_ lowercase: StaticString) -> Bool {
        guard utf8.count == lowercase.utf8CodeUnitCount else { return false }
        var name = self
        return name.withUTF8 { bytes in
            bytes.indices.allSatisfy { index in
                let byte = bytes[index]
                let lowered = (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
                return lowered == lowercase.utf8Start[index]
            }
        }
    }
}
