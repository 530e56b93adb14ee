/// Finds the places of offsets that mostly grow, in one pass over the text.
package struct TextCursor {
    private let bytes: [UInt8]
    private let start: TextPosition
    private var offset = 0
    private var place: TextPosition

    /// - Parameter start: Where the text begins in what it was cut from.
    package init(_ bytes: [UInt8], from start: TextPosition = .start) {
        self.bytes = bytes
        self.start = start
        place = start
    }

    /// The place of the byte at `target`; an offset outside the text counts as its nearest end.
    ///
    /// A target before the last one makes it begin again.
    package mutating func position(of target: Int) -> TextPosition {
        if target < offset { (offset, place) = (0, start) }
        while offset < min(target, bytes.count) {
            place.advance(past: bytes[offset])
            offset += 1
        }
        return place
    }
}
