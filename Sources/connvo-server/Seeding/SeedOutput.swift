internal import FoundationEssentials
internal import Glibc

/// Where an export goes: standard output, or a file that appears only once it is complete.
///
/// The file is written under another name beside its own, brought to the disk, and renamed: whoever reads the name sees
/// what was there before or all of the new. Only its owner may read it, for it holds personal data.
final class SeedOutput {
    /// The reader of standard output has gone, as `head` does; nobody needs to be told.
    struct ReaderGone: Error {}

    private let descriptor: Int32
    /// The name it gets, and the one it has meanwhile; nil for standard output.
    private var file: (path: String, temporary: String)?

    /// - Parameter path: Nil is standard output.
    init(path: String?) throws(CommandFailure) {
        guard let path else {
            descriptor = STDOUT_FILENO
            return
        }
        let target = try Self.target(path)
        var template = Array("\(target).XXXXXX".utf8CString)
        descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw Self.unwritable(path, errno) }
        file = (target, String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }

    deinit {
        discard()
    }

    func write(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written < 0 {
                if errno == EINTR { continue }
                if errno == EPIPE, file == nil { throw ReaderGone() }
                throw Self.unwritable(file?.path ?? "standard output", errno)
            }
            rest = rest.dropFirst(written)
        }
    }

    /// Gives the file its name.
    func finish() throws(CommandFailure) {
        guard let file else { return }
        guard fsync(descriptor) == 0, rename(file.temporary, file.path) == 0 else {
            throw Self.unwritable(file.path, errno)
        }
        self.file = nil
        close(descriptor)
    }

    /// Leaves nothing behind, unless it is finished.
    private func discard() {
        guard let file else { return }
        unlink(file.temporary)
        close(descriptor)
        self.file = nil
    }

    /// What `path` leads to through symbolic links. A device or a pipe cannot be replaced by a file.
    private static func target(_ path: String) throws(CommandFailure) -> String {
        guard let resolved = realpath(path, nil) else {
            guard errno == ENOENT else { throw unwritable(path, errno) }
            return path
        }
        defer { free(resolved) }
        let target = String(cString: resolved)
        let attributes = try? FileManager.default.attributesOfItem(atPath: target)
        guard attributes?[.type] as? FileAttributeType == .typeRegular else {
            throw CommandFailure(.failed, "\(path) is no regular file; without --output, standard output is written")
        }
        return target
    }

    private static func unwritable(_ path: String, _ code: Int32) -> CommandFailure {
        CommandFailure(.failed, "\(path) cannot be written: \(String(cString: strerror(code)))")
    }
}
