package import Foundation

/// Launches processes one at a time, whichever test they belong to.
///
/// On Linux, Foundation's `Process` hears of the end of a child when a socket that only the child holds is closed. It
/// lists the descriptors that a new child must not inherit, then spawns it; a socket or pipe that another thread opens
/// between the two is inherited all the same, and the end of *its* child goes unnoticed for as long as the new one lives.
package enum ProcessLauncher {
    private static let turn = NSLock()

    /// Launches a process.
    ///
    /// - Parameter configure: Says what to run. Pipes are made here, too, and read back from the process.
    package static func launch(_ configure: (Process) throws -> Void) throws -> Process {
        try turn.withLock {
            let process = Process()
            try configure(process)
            try process.run()
            return process
        }
    }
}
