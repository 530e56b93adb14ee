internal import Glibc

extension ServerConfiguration {
    /// Where a listener takes connections.
    struct Listener: Sendable {
        /// What the setting says; after ``ServerConfiguration/settleListeners()`` the IP address.
        fileprivate(set) var host: String
        /// 0 lets the system choose a free port.
        let port: Int
        /// Nil when the listener speaks HTTP without TLS.
        var certificates: CertificateStore?
        fileprivate let address: ListenAddress
        fileprivate let hostSetting: Setting
        fileprivate let portSetting: Setting
    }

    static func listener(_ hostSetting: Setting, _ portSetting: Setting, _ settings: inout SettingsReader) -> Listener {
        let host = settings.text(hostSetting)
        let port = settings.integer(portSetting)
        let address = ListenAddress(host)
        if address == nil {
            settings.note(hostSetting, "is \(SettingText.quoted(host))", Listener.hostRemedy)
        }
        return Listener(
            host: host,
            port: port,
            address: address ?? .every,
            hostSetting: hostSetting,
            portSetting: portSetting
        )
    }

    /// Resolves the names of the listeners, and makes sure that they can be bound. Blocks, for seconds at most.
    ///
    /// Another process may still take a port between this and the start.
    ///
    /// - Throws: ``ConfigurationFailure`` with one problem for each listener that cannot start.
    mutating func settleListeners() throws(ConfigurationFailure) {
        var problems = [listener.settle(), adminListener?.settle()].compactMap { $0 }
        if problems.isEmpty, let admin = adminListener, listener.overlaps(admin) {
            problems.append(
                SettingProblem(
                    setting: admin.portSetting.name,
                    problem: "is \(admin.port), which \(listener.portSetting.name) uses at \(listener.host)",
                    remedy: "give another port"
                )
            )
        }
        guard problems.isEmpty else { throw ConfigurationFailure(problems) }
    }
}

extension ServerConfiguration.Listener {
    fileprivate static let hostRemedy = "give an IP address or a name of this machine, or * for every address"

    /// Puts the IP address in place of the name. Returns what is wrong.
    fileprivate mutating func settle() -> SettingProblem? {
        do {
            host = try ListenCheck(address: address, port: port).usableAddress()
            return nil
        } catch {
            let shown = "is \"\(host)\""
            switch error {
            case .unresolved(let reason):
                return problem(hostSetting, "\(shown), which has no address (\(reason))", Self.hostRemedy)
            case .other(let reason):
                return problem(hostSetting, "\(shown), and \(reason)", Self.hostRemedy)
            case .unusable(let address, EADDRINUSE):
                return problem(
                    portSetting,
                    "is \(port), which is in use at \(address)",
                    "end the program that uses it, or give another port"
                )
            case .unusable(let address, EACCES):
                return problem(
                    portSetting,
                    "is \(port), which this user may not use at \(address)",
                    "give another port"
                )
            case .unusable(let address, EADDRNOTAVAIL):
                return problem(hostSetting, "\(shown), and this machine has no address \(address)", Self.hostRemedy)
            case .unusable(let address, let code):
                let reason = String(cString: strerror(code))
                return problem(hostSetting, "\(shown), and \(address) cannot be used (\(reason))", Self.hostRemedy)
            }
        }
    }

    private func problem(_ setting: Setting, _ problem: String, _ remedy: String) -> SettingProblem {
        SettingProblem(setting: setting.name, problem: problem, remedy: remedy)
    }

    /// Whether both are settled on one port of one address.
    fileprivate func overlaps(_ other: Self) -> Bool {
        guard port != 0, port == other.port else { return false }
        if host == other.host || [host, other.host].contains("::") { return true }
        let (one, two) = (host.contains(":"), other.host.contains(":"))
        return !one && !two && [host, other.host].contains("0.0.0.0")
    }
}
