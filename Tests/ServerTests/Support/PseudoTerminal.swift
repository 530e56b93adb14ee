import Glibc

/// A pseudo-terminal. A process writes to ``path``, and a test reads what it wrote.
final class PseudoTerminal: Sendable {
    struct Failure: Error {}

    private let master: Int32
    /// The end of the process. The test keeps it open, so that reading does not fail before the process opens it.
    private let slave: Int32
    let path: String

    init() throws {
        // As grantpt(3), unlockpt(3) and ptsname(3) on Linux, which the Glibc module does not export.
        let (unlock, number) = (0x4004_5431 as UInt, 0x8004_5430 as UInt)
        master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var (isLocked, index) = (0 as Int32, 0 as Int32)
        guard master >= 0, ioctl(master, unlock, &isLocked) == 0, ioctl(master, number, &index) == 0 else {
            throw Failure()
        }
        path = "/dev/pts/\(index)"
        slave = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC)
        guard slave >= 0, fcntl(master, F_SETFL, O_NONBLOCK) == 0 else { throw Failure() }
    }

    deinit {
        close(slave)
        close(master)
    }

    /// Types a text; the process reads it from ``path``.
    func type(_ text: String) throws {
        let bytes = Array(text.utf8)
        guard Glibc.write(master, bytes, bytes.count) == bytes.count else { throw Failure() }
    }

    /// The text that was written since the last call.
    func read() -> String {
        var text: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = Glibc.read(master, &piece, piece.count)
            guard count > 0 else { return String(decoding: text, as: UTF8.self) }
            text += piece.prefix(count)
        }
    }
}
