internal import Glibc

/// The kernel's random numbers, fetched 32 at a time: a system call for each would cost more than the id made of it.
///
/// As unpredictable as `SystemRandomNumberGenerator`, which has the same source.
package struct BufferedRandomNumberGenerator: RandomNumberGenerator {
    private var unused: [UInt64] = []

    package init() {}

    package mutating func next() -> UInt64 {
        if let number = unused.popLast() { return number }
        // 256 bytes: as many as getentropy(3) gives at once. It fails only where there is no such call.
        unused = [UInt64](unsafeUninitializedCapacity: 32) { buffer, count in
            guard getentropy(buffer.baseAddress, 256) == 0 else { fatalError("getentropy: errno \(errno)") }
            count = 32
        }
        return unused.removeLast()
    }
}
