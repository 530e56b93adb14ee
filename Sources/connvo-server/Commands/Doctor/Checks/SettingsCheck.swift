extension DoctorCheck {
    /// What the readers of `serve` and of the other commands have found wrong: all of it.
    static let settings = DoctorCheck(
        "settings",
        .settings { settings in
            guard settings.problems.isEmpty else {
                return settings.problems.map { problem in
                    .fault("\(problem.setting) \(problem.problem)", remedy: problem.remedy, status: .badConfiguration)
                }
            }
            let given = settings.entries.count { $0.source != .unset }
            return [.ok("\(given) are given, \(settings.entries.count - given) have their default")]
        }
    )
}
