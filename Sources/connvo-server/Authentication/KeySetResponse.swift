internal import AsyncHTTPClient
internal import JOSE
internal import NIOCore
internal import NIOHTTP1
internal import Synchronization

/// Checks the response to a ``KeySetDownload`` as it arrives, and gives up at the first byte too many.
///
/// `NIOHTTP1` is here because the HTTP client speaks it; the types of this server's own HTTP are not.
final class KeySetResponse: HTTPClientResponseDelegate {
    private let body = Mutex<[UInt8]>([])

    func didReceiveHead(task: HTTPClient.Task<[UInt8]>, _ head: HTTPResponseHead) -> EventLoopFuture<Void> {
        guard head.status == .ok else {
            return task.eventLoop.makeFailedFuture(KeySetFailure.status(head.status.code))
        }
        let encodings = head.headers[canonicalForm: "Content-Encoding"]
        guard encodings.allSatisfy({ $0.lowercased() == "identity" }) else {
            return task.eventLoop.makeFailedFuture(KeySetFailure.encoded)
        }
        if let length = head.headers.first(name: "Content-Length").flatMap({ Int($0) }) {
            guard length <= JWKSet.maximumByteCount else {
                return task.eventLoop.makeFailedFuture(KeySetFailure.refused(.tooLong))
            }
        }
        return task.eventLoop.makeSucceededVoidFuture()
    }

    func didReceiveBodyPart(task: HTTPClient.Task<[UInt8]>, _ part: ByteBuffer) -> EventLoopFuture<Void> {
        let fits = body.withLock { body in
            guard part.readableBytes <= JWKSet.maximumByteCount - body.count else { return false }
            body += part.readableBytesView
            return true
        }
        guard fits else { return task.eventLoop.makeFailedFuture(KeySetFailure.refused(.tooLong)) }
        return task.eventLoop.makeSucceededVoidFuture()
    }

    func didFinishRequest(task: HTTPClient.Task<[UInt8]>) -> [UInt8] {
        body.withLock { $0 }
    }
}
