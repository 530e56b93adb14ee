internal import Domain
internal import Synchronization

/// Bounds how many bearer tokens of one client address are verified in vain (`INVALID_TOKENS_PER_SECOND`).
///
/// To verify a signature costs far more than to send one. Each refused token uses up a part of the address's allowance;
/// when it is used up, its next tokens wait for their turn, and are turned away when the turn is too far off. Tokens
/// that were accepted before are in the cache and never wait.
///
/// The allowance is a generic cell rate algorithm (ITU-T I.371, annex A): one instant for each address.
final class RefusedTokenThrottle: Sendable {
    enum Turn: Equatable {
        /// Verify the token. Then call ``refused(_:now:)`` if it was refused.
        case now
        /// Verify it after this time. The turn is used up; call ``accepted(_:)`` if the token was accepted.
        case after(Duration)
        /// Too many wait already.
        case never(retryAfter: Duration)
    }

    /// An IPv4 address, or the first 64 bits of an IPv6 address, which one client has for itself (RFC 6177).
    struct Client: Hashable {
        fileprivate let bytes: [UInt8]

        init?(_ address: String?) {
            guard let address, let parsed = IPAddress(address) else { return nil }
            bytes = Array(parsed.bytes.prefix(8))
        }
    }

    /// How long a request waits at most.
    static let longestWait: Duration = .seconds(2)
    /// How much of the allowance may be used at once, as the time for which it is meant, in microseconds.
    private static let reserve: Int64 = 5_000_000
    /// How many addresses are remembered. Beyond it new ones are not slowed.
    private static let capacity = 4096

    /// Of one refused token, in microseconds.
    private let interval: Int64
    /// Until when the allowance is used up, as microseconds since the epoch. Addresses that used none of it are absent.
    private let usedUntil = Mutex<[Client: Int64]>([:])

    /// - Parameter perSecond: At least 1.
    init(perSecond: Int) {
        interval = 1_000_000 / Int64(perSecond)
    }

    /// Asks whether a token of this client may be verified now.
    func turn(of client: Client, now: Timestamp) -> Turn {
        usedUntil.withLock { usedUntil in
            let now = now.microsecondsSinceEpoch
            guard var until = usedUntil[client] else { return .now }
            // The clock may have been set back.
            until = min(until, now + Self.reserve + Self.longestWait.microseconds)
            let wait = until - now - Self.reserve
            if wait <= 0 { return .now }
            if wait >= Self.longestWait.microseconds { return .never(retryAfter: .microseconds(wait)) }
            usedUntil[client] = until + interval
            return .after(.microseconds(wait))
        }
    }

    /// A token that was verified without waiting was refused.
    func refused(_ client: Client, now: Timestamp) {
        usedUntil.withLock { usedUntil in
            let now = now.microsecondsSinceEpoch
            if usedUntil[client] == nil, usedUntil.count >= Self.capacity {
                usedUntil = usedUntil.filter { $0.value > now }
                if usedUntil.count >= Self.capacity { return }
            }
            usedUntil[client] = max(usedUntil[client] ?? now, now) + interval
        }
    }

    /// A token that was verified after waiting was accepted: its turn is given back.
    func accepted(_ client: Client) {
        usedUntil.withLock { usedUntil in
            if let until = usedUntil[client] { usedUntil[client] = until - interval }
        }
    }
}
