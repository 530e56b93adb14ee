internal import JOSE

/// The shape of a compact JWS (RFC 7515, section 7.1), byte by byte.
extension HostileCase {
    private static let segmentNames = ["header", "payload", "signature"]

    private static func structure(
        _ name: String,
        _ cause: String,
        wire: Wire = .same,
        _ token: @escaping @Sendable (HostileFixture) throws -> [UInt8]
    ) -> HostileCase {
        HostileCase(.structure, name, .invalid(cause: cause), wire: wire, token)
    }

    /// A token made of the segments of a valid one.
    private static func assembled(
        _ name: String,
        _ cause: String,
        _ text: @escaping @Sendable (_ h: String, _ p: String, _ s: String) -> String
    ) -> HostileCase {
        structure(name, cause) {
            let parts = try $0.segments().map { String(decoding: $0, as: UTF8.self) }
            return Array(text(parts[0], parts[1], parts[2]).utf8)
        }
    }

    /// The same change to each segment.
    private static func eachSegment(_ name: String, _ change: @escaping @Sendable ([UInt8]) -> [UInt8]) -> [HostileCase]
    {
        segmentNames.enumerated().map { index, segment in
            structure("\(segment) \(name)", "\(segment)_not_base64url") { try $0.token(segment: index, change) }
        }
    }

    static let structureCases: [HostileCase] =
        [
            HostileCase(.structure, "a good token", .accepted) { try $0.token() },
            HostileCase(.structure, "a good token with lengths that leave unused bits", .accepted) {
                Array(try $0.segments().joined(separator: [UInt8(ascii: ".")]))
            },
            HostileCase(
                .structure,
                "no bytes at all",
                .invalid(cause: "token_empty"),
                wire: .changed(.unauthenticated)
            ) { _ in [] },
        ] + countCases + edgeCases
        + eachSegment("with padding") { $0 + Array("=".utf8) }
        + eachSegment("with two signs of padding") { $0 + Array("==".utf8) }
        + eachSegment("with padding in its middle") { [$0[0], UInt8(ascii: "=")] + $0.dropFirst(2) }
        + eachSegment("with a plus sign") { [UInt8(ascii: "+")] + $0.dropFirst() }
        + eachSegment("with a slash") { [UInt8(ascii: "/")] + $0.dropFirst() }
        + eachSegment("with a space") { [$0[0], UInt8(ascii: " ")] + $0.dropFirst() }
        + eachSegment("with a tab") { [$0[0], UInt8(ascii: "\t")] + $0.dropFirst() }
        + eachSegment("with a percent escape") { Array("%41".utf8) + $0.dropFirst() }
        + eachSegment("with a letter that is not ASCII") { Array("é".utf8) + $0.dropFirst() }
        + eachSegment("with digits of full width") { Array("１２３４".utf8) + $0.dropFirst(4) }
        + eachSegment("with a byte that is not UTF-8") { [0xFF] + $0.dropFirst() }
        + eachSegment("with a question mark inserted") { [$0[0], UInt8(ascii: "?")] + $0.dropFirst() }
        + eachSegment("of a length of 4n + 1") { $0.prefix($0.count / 4 * 4) + [UInt8(ascii: "A")] }
        + eachSegment("with unused bits set") { $0.dropLast() + [nextDigit(after: $0[$0.count - 1])] }
        + [
            HostileCase(.structure, "8 KiB exactly", .accepted) { try $0.token(byteCount: 8192) },
            structure("8 KiB and a byte", "token_too_long") { try $0.token(byteCount: 8193) },
            structure("12 KiB", "token_too_long") { try $0.token(byteCount: 12 * 1024) },
            structure("a million dots", "token_too_long", wire: .absent) { _ in
                [UInt8](repeating: UInt8(ascii: "."), count: 1_000_000)
            },
        ]

    /// `A` has the value 0, so the digit after it has only its lowest bit set. The last digits of
    /// ``HostileFixture/segments()`` are among `A`, `Q`, `g` and `w`.
    private static func nextDigit(after digit: UInt8) -> UInt8 { digit + 1 }

    private static let countCases: [HostileCase] = [
        assembled("one segment", "not_three_segments") { h, _, _ in h },
        assembled("two segments", "not_three_segments") { h, p, _ in "\(h).\(p)" },
        assembled("four segments", "not_three_segments") { h, p, s in "\(h).\(p).\(s).\(s)" },
        assembled("five segments, as an encrypted token has", "not_three_segments") { h, p, s in
            "\(h).\(p).\(s).\(s).\(s)"
        },
        assembled("a dot in front", "not_three_segments") { h, p, s in ".\(h).\(p).\(s)" },
        assembled("a dot behind", "not_three_segments") { h, p, s in "\(h).\(p).\(s)." },
        assembled("two dots between segments", "not_three_segments") { h, p, s in "\(h)..\(p).\(s)" },
        assembled("a dot", "not_three_segments") { _, _, _ in "." },
        assembled("two dots", "empty_segment") { _, _, _ in ".." },
        assembled("three dots", "not_three_segments") { _, _, _ in "..." },
        assembled("an empty header", "empty_segment") { _, p, s in ".\(p).\(s)" },
        assembled("an empty payload", "empty_segment") { h, _, s in "\(h)..\(s)" },
        assembled("an empty signature", "empty_segment") { h, p, _ in "\(h).\(p)." },
        assembled("a payload alone", "empty_segment") { _, p, _ in ".\(p)." },
        assembled("the flattened JSON serialization", "not_three_segments") { h, p, s in
            #"{"protected":"\#(h)","payload":"\#(p)","signature":"\#(s)"}"#
        },
        assembled("the general JSON serialization", "not_three_segments") { h, p, s in
            #"{"payload":"\#(p)","signatures":[{"protected":"\#(h)","signature":"\#(s)"}]}"#
        },
        assembled("JSON that is a compact token, too", "header_not_base64url") { h, p, s in
            #"{"protected":"\#(h)","payload":"\#(p)","signature":"x.\#(p).\#(s)"}"#
        },
        assembled("dots as percent escapes", "not_three_segments") { h, p, s in "\(h)%2E\(p)%2E\(s)" },
        assembled("one dot leaders for dots", "not_three_segments") { h, p, s in "\(h)․\(p)․\(s)" },
        assembled("a JSON string", "header_not_base64url") { h, p, s in "\"\(h).\(p).\(s)\"" },
        structure("encoded once more", "not_three_segments") { Base64URL.encode(try $0.token()) },
    ]

    private static let edgeCases: [HostileCase] = [
        edge("a space in front", "header_not_base64url", wire: .changed(.accepted), before: " "),
        edge("a space behind", "signature_not_base64url", wire: .changed(.accepted), after: " "),
        edge("a tab in front", "header_not_base64url", before: "\t"),
        edge("a tab behind", "signature_not_base64url", wire: .changed(.accepted), after: "\t"),
        edge("a line feed in front", "header_not_base64url", wire: .impossible, before: "\n"),
        edge("a line feed behind", "signature_not_base64url", wire: .absent, after: "\n"),
        edge("a line break behind", "signature_not_base64url", wire: .absent, after: "\r\n"),
        edge("a carriage return in front", "header_not_base64url", wire: .impossible, before: "\r"),
        edge("a NUL in front", "header_not_base64url", wire: .impossible, before: "\0"),
        edge("a NUL behind", "signature_not_base64url", wire: .impossible, after: "\0"),
        edge("a no-break space behind", "signature_not_base64url", after: "\u{A0}"),
        edge("a byte order mark in front", "header_not_base64url", before: "\u{FEFF}"),
        structure("a NUL in the middle", "payload_not_base64url", wire: .impossible) {
            try $0.token(segment: 1) { [$0[0], 0] + $0.dropFirst() }
        },
    ]

    private static func edge(
        _ name: String,
        _ cause: String,
        wire: Wire = .same,
        before: String = "",
        after: String = ""
    ) -> HostileCase {
        structure(name, cause, wire: wire) { Array(before.utf8) + (try $0.token()) + Array(after.utf8) }
    }
}
