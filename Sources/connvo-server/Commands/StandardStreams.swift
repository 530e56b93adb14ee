internal import Glibc

/// The three descriptors that a process is started with.
enum StandardStreams {
    /// `O_PATH` of Linux, open(2), which Swift's Glibc module does not have.
    private static let placeOnly: Int32 = 0o10000000

    /// Fills descriptors 0 to 2 where they are closed, and makes writing into a pipe without a reader an error.
    ///
    /// Otherwise the first file or connection that is opened gets the number of the closed stream, and what a command
    /// prints goes there. The placeholder can be neither read nor written (EBADF), so that a command whose output is lost
    /// fails. To be called before anything is opened.
    static func prepare() {
        // The default action of SIGPIPE ends the process, without a word and in the midst of its work.
        signal(SIGPIPE, SIG_IGN)
        for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
            // The lowest free number is that of this stream.
            _ = open("/", placeOnly)
        }
    }
}
