extension DoctorCheck {
    /// How many connections the limit of descriptors leaves for clients. The limit is that of this process: the unit of
    /// systemd sets its own.
    static let descriptors = DoctorCheck(
        "descriptors",
        .machine { settings in
            guard let poolSize = settings.configuration?.poolSize else { return [.notChecked("a setting is wrong")] }
            return [finding(descriptorLimit: DescriptorBudget.raisedLimit(), poolSize: poolSize)]
        }
    )

    /// What a small installation needs in a minute in which all clients come back.
    private static let fewestConnections = 1000

    static func finding(descriptorLimit limit: Int, poolSize: Int) -> Finding {
        let connections = DescriptorBudget(limit: limit, poolSize: poolSize).publicConnections
        let text = "\(limit) for a process of this session: \(connections) connections of clients"
        if connections >= fewestConnections { return .ok(text) }
        return .warning(
            text,
            remedy: "raise the hard limit: LimitNOFILE= in the unit, ulimits of the container, or limits.conf"
        )
    }
}
