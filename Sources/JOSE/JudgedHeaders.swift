internal import Synchronization
internal import Text

/// The headers of a few verified tokens with the `kid` that each names: the tokens of one key all have the same header,
/// and the same bytes need not be decoded and checked again.
///
/// A header is remembered after a token with it was accepted, so only a holder of a key can add one. It is kept as it
/// was sent: bytes that differ in any way are checked.
final class JudgedHeaders: Sendable {
    /// An issuer signs with one key, or with two while it changes keys.
    private static var capacity: Int { 4 }

    private struct Header {
        let segment: [UInt8]
        let keyID: String
    }

    private let headers = Mutex<[Header]>([])

    /// The `kid` of a header that is remembered; `nil` for any other.
    ///
    /// - Parameter segment: The first segment of a token, as sent.
    func keyID(of segment: ArraySlice<UInt8>) -> String? {
        segment.withUnsafeBufferPointer { segment in
            headers.withLock { headers in
                headers.first { $0.segment.withUnsafeBufferPointer { $0.hasSameBytes(as: segment) } }?.keyID
            }
        }
    }

    /// Remembers the header of a token that was accepted, in place of the one that was remembered first when there are
    /// too many.
    func remember(_ segment: ArraySlice<UInt8>, keyID: String) {
        headers.withLock { headers in
            // Another thread may have been faster.
            guard !headers.contains(where: { $0.segment[...] == segment }) else { return }
            if headers.count >= Self.capacity { headers.removeFirst() }
            headers.append(Header(segment: Array(segment), keyID: keyID))
        }
    }
}
