extension Collection<UInt8> {
    /// Whether each byte is allowed.
    ///
    /// Looks at the memory where the bytes lie together, as those of nearly every text do: the UTF-8 view of a text takes
    /// ten times as long for each.
    @inlinable package func areAll(_ isAllowed: (UInt8) -> Bool) -> Bool {
        withContiguousStorageIfAvailable { $0.allSatisfy(isAllowed) } ?? allSatisfy(isAllowed)
    }

    /// How many bytes come before the first that is `byte`; nil when there is none.
    @inlinable package func offset(of byte: UInt8) -> Int? {
        if let found = withContiguousStorageIfAvailable({ $0.firstIndex(of: byte) }) { return found }
        return firstIndex(of: byte).map { distance(from: startIndex, to: $0) }
    }
}
