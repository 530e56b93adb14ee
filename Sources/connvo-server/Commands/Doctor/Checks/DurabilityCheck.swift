internal import Persistence
internal import PostgreSQL
internal import Text

extension DoctorCheck {
    /// Whether a COMMIT that was acknowledged outlives a crash of the server: the promise about records rests on it.
    static let durability = DoctorCheck(
        "durability",
        .database { connection, visit in
            finding(try DatabaseDiagnosis.durability(deadline: visit.deadline, on: &connection))
        }
    )

    static func finding(_ durability: DatabaseDiagnosis.Durability) -> [Finding] {
        var findings: [Finding] = []
        if !durability.fsync {
            findings.append(
                .fault(
                    "fsync is off: a crash of the machine loses records of tokens that were handed out",
                    remedy: "ALTER SYSTEM SET fsync = on; SELECT pg_reload_conf()"
                )
            )
        }
        if !durability.fullPageWrites {
            findings.append(
                .warning(
                    "full_page_writes is off: a crash may leave pages that are half written",
                    remedy: "set it on, unless the file system writes whole pages (ZFS)"
                )
            )
        }
        let mode = durability.synchronousCommit.safe(for: .table)
        if durability.synchronousCommit == "off" {
            findings.append(
                .warning(
                    "synchronous_commit is off for this login; serve turns it on for its own transactions",
                    remedy: "ALTER ROLE, ALTER DATABASE or ALTER SYSTEM ... RESET synchronous_commit"
                )
            )
        } else if durability.namesStandbys, durability.synchronousCommit == "local" {
            findings.append(
                .warning(
                    "synchronous_commit is local: COMMIT does not wait for the standbys that are named",
                    remedy: "set it to on, or see what a failover may lose: `connvo-server help failover`"
                )
            )
        }
        let standbys = durability.namesStandbys ? ", standbys are named" : ""
        return findings.isEmpty ? [.ok("fsync is on, synchronous_commit is \(mode)\(standbys)")] : findings
    }
}
