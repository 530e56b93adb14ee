internal import HTTPTypes
internal import Hummingbird
internal import JSON
internal import NIOCore

/// The small bodies of the probes.
enum HealthResponse {
    static let live = response(.ok, status("ok"))

    static func ready(_ isReady: Bool) -> Response {
        isReady ? response(.ok, status("ready")) : response(.serviceUnavailable, status("not ready"))
    }

    /// With the reasons, for operators.
    static func ready(_ obstacles: [String], warnings: [String]) -> Response {
        response(obstacles.isEmpty ? .ok : .serviceUnavailable, report(obstacles, warnings: warnings))
    }

    static func report(_ obstacles: [String], warnings: [String]) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.member("status", obstacles.isEmpty ? "ready" : "not ready")
            json.array("obstacles") { json in
                for text in obstacles { json.string(text) }
            }
            json.array("warnings") { json in
                for text in warnings { json.string(text) }
            }
        }
        return json.bytes
    }

    private static func status(_ status: String) -> [UInt8] {
        var json = JSONWriter()
        json.object { $0.member("status", status) }
        return json.bytes
    }

    private static func response(_ status: HTTPResponse.Status, _ body: [UInt8]) -> Response {
        Response(
            status: status,
            headers: [.contentType: "application/json; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: body))
        )
    }
}
