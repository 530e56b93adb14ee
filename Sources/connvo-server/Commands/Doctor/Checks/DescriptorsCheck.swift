extension DoctorCheck {
    /// How many connections the limit of descriptors leaves for clients. The limit is that of this process: the unit of
    /// systemd sets its own.
    static let descriptors = DoctorCheck(
        "descriptors",
        .machine { settings in
            guard let configuration = settings.configuration else { return [.notChecked("a setting is wrong")] }
            let budget = DescriptorBudget(
                limit: DescriptorBudget.raisedLimit(),
                poolSize: configuration.poolSize,
                speaksTLS: configuration.listener.certificates != nil
            )
            return [finding(descriptorLimit: DescriptorBudget.raisedLimit(), budget)]
        }
    )

    /// What a small installation needs in a minute in which all clients come back.
    private static let fewestConnections = 1000

    static func finding(descriptorLimit limit: Int, _ budget: DescriptorBudget) -> Finding {
        let connections = budget.publicConnections
        let text = "\(limit) for a process of this session: \(connections) connections of clients"
        if connections >= fewestConnections { return .ok(text) }
        return .warning(
            text,
            remedy: "raise the hard limit: LimitNOFILE= in the unit, ulimits of the container, or limits.conf"
        )
    }
}
