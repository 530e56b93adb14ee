internal import Domain

/// How a reload of settings ended.
enum ReloadEvent: Sendable {
    /// - Parameters:
    ///   - changes: What is in use from now on; empty when nothing has changed.
    ///   - certificates: The listeners whose certificate is new.
    ///   - forRestart: Settings that have another value than the process was started with, which only a start takes.
    case succeeded(changes: [SettingChange], certificates: [CertificateRenewal.Change], forRestart: [Setting])
    /// Everything is as it was before.
    case failed(ConfigurationFailure)
}
