extension DoctorCheck {
    /// The reminder of what is changed at Stream by hand, and what no program here can see.
    static let streamGrants = DoctorCheck(
        "stream_grants",
        .settings { settings in
            if settings.streamGrantsConfirmed { return [.ok("STREAM_GRANTS_CONFIRMED=true")] }
            return [
                .warning(
                    "unless role \"user\" lacks join-call at Stream, any token lets its holder join any call",
                    remedy: """
                        see "Before production" in `connvo-server help readme`, then set STREAM_GRANTS_CONFIRMED=true
                        """
                )
            ]
        }
    )
}
