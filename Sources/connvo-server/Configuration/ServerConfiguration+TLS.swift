extension ServerConfiguration {
    /// The certificate of a listener, read and checked; nil when its settings name none, or are wrong.
    static func certificates(
        _ listener: String,
        _ certificateSetting: Setting,
        _ keySetting: Setting,
        _ settings: inout SettingsReader
    ) -> CertificateStore? {
        let certificatePath = settings.string(certificateSetting)
        let keyPath = settings.string(keySetting)
        guard let certificatePath, let keyPath else {
            for (missing, other) in [(certificateSetting, keySetting), (keySetting, certificateSetting)]
            where settings.string(missing) == nil && settings.string(other) != nil {
                settings.note(missing, "is not set, and \(other.name) is", "set both, or none")
            }
            return nil
        }
        do {
            return try CertificateStore(
                CertificateFiles(
                    listener: listener,
                    certificateSetting: certificateSetting,
                    keySetting: keySetting,
                    certificatePath: certificatePath,
                    keyPath: keyPath
                )
            )
        } catch {
            for problem in error.problems {
                settings.note(
                    problem.setting == keySetting.name ? keySetting : certificateSetting,
                    problem.problem,
                    problem.remedy
                )
            }
            return nil
        }
    }
}
