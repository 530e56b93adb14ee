/// The first line in which two texts differ.
package struct LineDifference: Hashable, Sendable {
    /// Counted from 1.
    package let line: Int
    /// What stands there; nil where a text has ended already.
    package let applied: String?
    package let known: String?

    /// Nil when the texts are equal, line by line.
    package init?(applied: String, known: String) {
        func lines(_ text: String) -> [Substring.UTF8View] {
            text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        }
        let (old, new) = (lines(applied), lines(known))
        let shared = zip(old, new).prefix { $0.elementsEqual($1) }.count
        guard shared < max(old.count, new.count) else { return nil }
        line = shared + 1
        self.applied = shared < old.count ? String(Substring(old[shared])) : nil
        self.known = shared < new.count ? String(Substring(new[shared])) : nil
    }
}
