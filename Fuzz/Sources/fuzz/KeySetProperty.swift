@testable internal import JOSE
@testable internal import JSON

/// A key set never has a key outside the documented limits, and is never accepted with a private member.
enum KeySetProperty {
    static func check(_ input: [UInt8]) {
        guard let set = try? JWKSet(parsing: input) else { return }
        hold(input.count <= JWKSet.maximumByteCount, "no set is longer than the limit")
        guard let list = try? JSONDocument(parsing: input).root["keys"] else {
            return hold(false, "a set is strict JSON with keys")
        }
        hold(list.count <= JWKSet.maximumKeyCount, "no set has more keys than the limit")
        // A key that is listed twice is one key.
        let skipped = Set(set.skipped.map(\.index))
        hold(set.count + skipped.count <= list.count && skipped.count == set.skipped.count, "a key is counted once")
        for (index, entry) in list.elements.enumerated() where !skipped.contains(index) {
            hold(set.keyIDs.contains(entry["kid"]?.string ?? ""), "every key is usable or skipped")
        }
        hold(set.isEmpty == (set.count == 0) && set.keyIDs.count == set.count, "a set counts its keys")
        for entry in list.elements {
            for member in entry.members {
                hold(!["d", "p", "q", "dp", "dq", "qi", "oth"].contains(member.key), "no private member is accepted")
            }
        }
        for keyID in set.keyIDs {
            hold(1...256 ~= keyID.utf8.count, "a key id has 1 to 256 bytes")
            guard let key = set[keyID] else { return hold(false, "a key is found by its id") }
            let bits = key.modulus.count * 8 - (key.modulus.first?.leadingZeroBitCount ?? 0)
            hold(2048...8192 ~= bits, "a modulus has 2048 to 8192 bits")
            hold(key.modulus.last.map { $0 & 1 } == 1, "a modulus is odd")
            hold(key.exponent.last.map { $0 & 1 } == 1 && key.exponent != [1], "an exponent is odd and at least 3")
            hold(key.exponent.count <= 8, "an exponent has at most 64 bits")
            hold(!key.verify(signature: key.modulus, message: input), "no signature is as large as the modulus")
        }
        let named = set.keyIDs.compactMap { keyID in set[keyID].map { (kid: keyID, key: $0) } }
        if let text = try? JWKSet.encode(named) {
            hold((try? JWKSet(parsing: text))?.keyIDs == set.keyIDs, "an encoded set can be parsed")
        }
        for skipped in set.skipped {
            hold((skipped.keyID?.utf8.count ?? 0) <= 64, "a key id for the log has at most 64 characters")
        }
    }
}
