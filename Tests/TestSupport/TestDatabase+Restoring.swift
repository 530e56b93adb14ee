internal import Foundation

extension TestDatabase {
    /// A copy of a database that pg_dump and psql have made. To be dropped by the caller.
    ///
    /// - Parameter dump: Further options of pg_dump.
    package static func restored(from source: TestDatabase, dump options: String) throws -> TestDatabase {
        let target = try make(.empty)
        let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let process = try ChildProcess(
            "/bin/bash",
            [
                "-c",
                #"set -o pipefail; bin=$("$1/scripts/postgres-bin") && "$bin/pg_dump" $4 "$2" | "$bin/psql" -qX "$3""#,
                "restore", root.path, source.name, target.name, options,
            ],
            environment: ProcessInfo.processInfo.environment
        )
        guard process.exitStatus(within: .seconds(120)) == 0 else {
            process.kill()
            throw ChildProcess.Failure(description: "pg_dump and psql of \(source.name) failed")
        }
        return target
    }
}
