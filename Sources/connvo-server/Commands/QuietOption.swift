internal import ArgumentParser

/// `--quiet`, for commands that cron and scripts run: a run that went well says nothing, so that cron mails nothing.
struct QuietOption: ParsableArguments {
    @Flag(name: .customLong("quiet"), help: "Say nothing but warnings and errors.")
    var isQuiet = false
}
