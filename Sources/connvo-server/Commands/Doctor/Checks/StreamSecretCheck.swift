extension DoctorCheck {
    /// Whether the secret that signs tokens may be one of Stream's. Only Stream knows whether it is.
    static let streamSecret = DoctorCheck(
        "stream_secret",
        .settings { settings in
            guard let shape = settings.streamSecret else { return [.notChecked("STREAM_API_SECRET cannot be used")] }
            guard let doubt = shape.doubt else { return [.ok(shape.summary)] }
            return [
                .warning(
                    "STREAM_API_SECRET \(doubt) (\(shape.summary))",
                    remedy: "give the API secret of the Stream app, from its dashboard: Stream refuses other tokens"
                )
            ]
        }
    )
}
