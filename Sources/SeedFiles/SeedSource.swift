internal import Glibc

/// A file of rows, or standard input, read in pieces. A byte order mark at its beginning is left out, in every format:
/// spreadsheets and some editors write one (RFC 8259, section 8.1, lets a reader of JSON ignore it).
package final class SeedSource {
    private static let pieceSize = 256 * 1024
    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// As messages show it.
    package let name: String
    package let format: SeedFormat
    /// Of what can be sought in, the bytes from here to its end when it was opened.
    package let size: Int?
    private let descriptor: Int32
    private var pieces: [[UInt8]]
    private var isAtBeginning = true

    /// Opens a file.
    ///
    /// - Parameter path: `-` is standard input.
    /// - Throws: ``SeedFileError`` that names the file and says why it cannot be read.
    package init(path: String, format: SeedFormat) throws(SeedFileError) {
        self.name = path == "-" ? "stdin" : path
        self.format = format
        self.pieces = []
        if path == "-" {
            descriptor = STDIN_FILENO
        } else {
            // A directory can be opened like a file, and only fails when it is read.
            let directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            guard directory < 0 else {
                close(directory)
                throw Self.unreadable(path, EISDIR)
            }
            descriptor = open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw Self.unreadable(path, errno) }
        }
        // Where nothing can be sought, as in a pipe, there is no size.
        let here = lseek(descriptor, 0, SEEK_CUR)
        let end = here < 0 ? -1 : lseek(descriptor, 0, SEEK_END)
        size = end < 0 ? nil : Int(end - here)
        if end >= 0 { lseek(descriptor, here, SEEK_SET) }
    }

    /// Text at hand, in pieces.
    package init(name: String, format: SeedFormat, pieces: [[UInt8]]) {
        self.name = name
        self.format = format
        self.size = nil
        self.pieces = pieces.reversed()
        self.descriptor = -1
    }

    deinit {
        if descriptor > STDERR_FILENO { close(descriptor) }
    }

    /// The next bytes, or nil at the end.
    func next() throws(SeedFileError) -> [UInt8]? {
        guard isAtBeginning else { return try nextPiece() }
        isAtBeginning = false
        var start: [UInt8] = []
        while start.count < Self.byteOrderMark.count, let piece = try nextPiece() { start += piece }
        if start.starts(with: Self.byteOrderMark) { start.removeFirst(Self.byteOrderMark.count) }
        return start.isEmpty ? try nextPiece() : start
    }

    private func nextPiece() throws(SeedFileError) -> [UInt8]? {
        guard descriptor >= 0 else { return pieces.popLast() }
        var count = 0
        var failure: Int32 = 0
        let piece = [UInt8](unsafeUninitializedCapacity: Self.pieceSize) { buffer, initialized in
            repeat {
                count = read(descriptor, buffer.baseAddress, buffer.count)
                failure = count < 0 ? errno : 0
            } while failure == EINTR
            initialized = max(0, count)
        }
        guard count >= 0 else { throw Self.unreadable(name, failure) }
        return count == 0 ? nil : piece
    }

    private static func unreadable(_ path: String, _ code: Int32) -> SeedFileError {
        SeedFileError("\(path) cannot be read: \(String(cString: strerror(code)))")
    }
}
