internal import Glibc
internal import NIOCore

extension DoctorCheck {
    /// Whether `serve` can listen where the settings say, or does so already.
    static let listeners = DoctorCheck("listeners", .network { await listenerFindings($0) })

    /// A resolver may hang: none of this blocks a thread of the cooperative pool.
    private static func listenerFindings(_ configuration: ServerConfiguration) async -> [Finding] {
        var findings: [Finding] = []
        var inUse: Set<String> = []
        var listeners: [(Setting, ServerConfiguration.Listener)] = [(.httpPort, configuration.listener)]
        if let admin = configuration.adminListener { listeners.append((.adminPort, admin)) }
        for (setting, listener) in listeners {
            let place = await onThreadOfItsOwn(named: "doctor-listen") { addressInUse(listener) }
            guard let place else { continue }
            inUse.insert(setting.name)
            findings.append(await finding(setting, listener, inUseAt: place))
        }
        let found = await onThreadOfItsOwn(named: "doctor-listen") { problemsAtStart(configuration) }
        for problem in found where !inUse.contains(problem.setting) {
            findings.append(
                .fault(
                    "\(problem.setting) \(problem.problem)",
                    remedy: problem.remedy,
                    status: .badConfiguration
                )
            )
        }
        guard findings.isEmpty else { return findings }
        return [.ok("\(listeners.map { text($0.1) }.joined(separator: " and ")): free")]
    }

    private static func text(_ listener: ServerConfiguration.Listener) -> String {
        "\(listener.host) port \(listener.port)"
    }

    /// What `serve` would find wrong when it starts.
    private static func problemsAtStart(_ configuration: ServerConfiguration) -> [SettingProblem] {
        var configuration = configuration
        do {
            try configuration.settleListeners()
            return []
        } catch {
            return error.problems
        }
    }

    /// The address, when another process has taken it.
    private static func addressInUse(_ listener: ServerConfiguration.Listener) -> String? {
        guard let address = ListenAddress(listener.host) else { return nil }
        do {
            _ = try ListenCheck(address: address, port: listener.port).usableAddress()
            return nil
        } catch {
            if case .unusable(let place, errno: EADDRINUSE) = error { return place }
            return nil
        }
    }

    private static func finding(
        _ setting: Setting,
        _ listener: ServerConfiguration.Listener,
        inUseAt place: String
    ) async -> Finding {
        let probe = HealthProbe(listenHost: listener.host, port: listener.port, usesTLS: listener.certificates != nil)
        let answer = try? await probe.ask("/livez", within: .seconds(1))
        if answer?.isLife == true { return .ok("\(text(listener)): a connvo-server serves there") }
        return .fault(
            "\(setting.name) is \(listener.port), which another program uses at \(place)",
            remedy: "end that program, or give another port",
            status: .badConfiguration
        )
    }
}
