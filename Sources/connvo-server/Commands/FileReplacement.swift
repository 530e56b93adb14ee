internal import Glibc
internal import Synchronization

/// Replaces a file as a whole, or leaves it as it was.
///
/// The new content is written to a draft, which has no name where the file system can do that (`O_TMPFILE`, open(2)):
/// nothing stays when the process is killed. ``publish()`` gives it the name of the file. The new file has the mode and
/// the owner of the old one. Where a file cannot be replaced, because it is a mount point of its own, its directory may
/// not be written, or its owner could not be kept, the complete content is copied into it.
///
/// A symbolic link stays: the file that it points to is replaced.
final class FileReplacement: Sendable {
    struct Failure: Error {
        /// As in errno(3).
        let number: Int32
    }

    /// Of the draft, for writing.
    let descriptor: Int32
    private let target: String
    /// Nil for a draft without a name.
    private let draft: String?
    /// Whether the draft cannot be moved to the place of the file.
    private let isElsewhere: Bool

    /// All files of the process, so that a signal can settle what becomes of them.
    private struct Ledger {
        var drafts: Set<String> = []
        var published: [String] = []
        var isClosed = false
    }

    private static let ledger = Mutex(Ledger())

    /// `O_TMPFILE` of Linux without `O_DIRECTORY`.
    private static let temporaryFile: Int32 = 0o20000000

    /// Makes the draft.
    ///
    /// - Parameter isPrivate: Whether only the owner may read a file that is new.
    init(of path: String, isPrivate: Bool) throws(Failure) {
        target = Self.resolved(path)
        let exists = access(target, F_OK) == 0
        let mode: mode_t = exists || isPrivate ? 0o600 : 0o666
        if let descriptor = Self.unnamed(in: Self.directory(of: target), mode) {
            (self.descriptor, draft, isElsewhere) = (descriptor, nil, false)
            return
        }
        let name = Self.draftName(for: target)
        let descriptor = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        if descriptor >= 0 {
            (self.descriptor, draft, isElsewhere) = (descriptor, name, false)
            Self.ledger.withLock { _ = $0.drafts.insert(name) }
            return
        }
        let failure = Failure(number: errno)
        // The directory may not be written, but the file may.
        guard exists, access(target, W_OK) == 0, let descriptor = Self.unnamedElsewhere() else { throw failure }
        (self.descriptor, draft, isElsewhere) = (descriptor, nil, true)
    }

    deinit {
        close(descriptor)
        if let draft {
            Self.ledger.withLock { ledger in
                if ledger.drafts.remove(draft) != nil { unlink(draft) }
            }
        }
    }

    /// Puts the draft in the place of the file.
    func publish() throws(Failure) {
        // Synced before the rename: after a crash, the name must not refer to an incomplete file.
        guard fsync(descriptor) == 0 else { throw Failure(number: errno) }
        try Self.ledger.withLock { (ledger) throws(Failure) in
            // A signal has said that the file stays as it was.
            guard !ledger.isClosed else { throw Failure(number: EINTR) }
            var old = stat()
            let exists = stat(target, &old) == 0
            if exists, isElsewhere || !inherit(old) {
                try copy()
            } else if !move(replacing: exists) {
                let failure = Failure(number: errno)
                guard exists else { throw failure }
                // Such as EBUSY, for a file that is mounted on its own.
                try copy()
            } else if let draft {
                ledger.drafts.remove(draft)
            }
            ledger.published.append(target)
        }
    }

    /// Ends all replacements for good: deletes the drafts, and waits for one that is just being published.
    ///
    /// - Returns: The files that were published.
    static func abandonAll() -> [String] {
        ledger.withLock { ledger in
            ledger.isClosed = true
            for draft in ledger.drafts { unlink(draft) }
            ledger.drafts.removeAll()
            return ledger.published
        }
    }

    // MARK: - Putting it in its place

    /// Gives the draft the owner and the mode of the old file. False when this process may not.
    private func inherit(_ old: stat) -> Bool {
        var new = stat()
        guard fstat(descriptor, &new) == 0 else { return false }
        if new.st_uid != old.st_uid || new.st_gid != old.st_gid {
            guard fchown(descriptor, old.st_uid, old.st_gid) == 0 else { return false }
        }
        return fchmod(descriptor, old.st_mode & 0o7777) == 0
    }

    /// False, with `errno`, when it cannot be moved.
    private func move(replacing exists: Bool) -> Bool {
        if let draft { return rename(draft, target) == 0 }
        // linkat(2) replaces nothing.
        if !exists, link(as: target) { return true }
        let name = Self.draftName(for: target)
        guard link(as: name) else { return false }
        if rename(name, target) == 0 { return true }
        let failure = errno
        unlink(name)
        errno = failure
        return false
    }

    private func link(as name: String) -> Bool {
        linkat(AT_FDCWD, Self.path(of: descriptor), AT_FDCWD, name, AT_SYMLINK_FOLLOW) == 0
    }

    /// Writes the content of the draft into the file, whose mode, owner and place stay.
    private func copy() throws(Failure) {
        let file = open(target, O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { throw Failure(number: errno) }
        defer { close(file) }
        guard lseek(descriptor, 0, SEEK_SET) == 0 else { throw Failure(number: errno) }
        var chunk = [UInt8](repeating: 0, count: 64 * 1024)
        var size = 0
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Failure(number: errno) }
            if count == 0 { break }
            let failure = CommandOutput.write(chunk[..<count], to: file)
            guard failure == 0 else { throw Failure(number: failure) }
            size += count
        }
        guard ftruncate(file, size) == 0, fsync(file) == 0 else { throw Failure(number: errno) }
    }

    // MARK: - Names

    /// A draft without a name; nil where the file system makes none, or where it could not be named later.
    private static func unnamed(in directory: String, _ mode: mode_t) -> Int32? {
        let descriptor = open(directory, temporaryFile | O_DIRECTORY | O_RDWR | O_CLOEXEC, mode)
        guard descriptor >= 0 else { return nil }
        guard access(path(of: descriptor), F_OK) == 0 else {
            close(descriptor)
            return nil
        }
        return descriptor
    }

    /// A draft that is only ever copied.
    private static func unnamedElsewhere() -> Int32? {
        let directory = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        if let descriptor = unnamed(in: directory, 0o600) { return descriptor }
        let name = "\(directory)/connvo-server.\(UInt64.random(in: .min ... .max)).part"
        let descriptor = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return nil }
        unlink(name)
        return descriptor
    }

    /// How linkat(2) names an open file.
    private static func path(of descriptor: Int32) -> String { "/proc/self/fd/\(descriptor)" }

    private static func draftName(for target: String) -> String {
        "\(target).\(UInt32.random(in: .min ... .max)).part"
    }

    private static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// The path without symbolic links at its end, also where the file does not exist yet.
    private static func resolved(_ path: String) -> String {
        if let resolved = realpath(path, nil) {
            defer { free(resolved) }
            return String(cString: resolved)
        }
        var path = path
        // As many as Linux follows.
        for _ in 0..<40 {
            var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
            let count = readlink(path, &buffer, buffer.count)
            guard count > 0 else { return path }
            let next = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
            path = next.hasPrefix("/") ? next : "\(directory(of: path))/\(next)"
        }
        return path
    }
}
