internal import ArgumentParser
internal import Domain
internal import JSON
internal import Persistence
internal import PostgreSQL
internal import Text

/// Answers "why was this user refused?" by the endpoint's own statement and rules.
struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Say why a user gets a token for a meeting or is refused, and what would have to change.",
        discussion: """
            Example: connvo-server explain --user alice@example.com --meeting meeting_123example
            Example: connvo-server explain --request-id 01a205f0-2db1-73b9-a59c-5c765d37eb7d

            It reads the facts with the statement of the endpoint and applies the same rules; nothing is written, and \
            no writer waits. The settings must be those of serve: run it where serve runs. It reads DATABASE_URL. A \
            401 comes before these rules: the log has its cause under the request id.
            """
    )

    @Option(help: "The WorkOS user id, or an e-mail address.") var user: String?
    @Option(help: "The id of the meeting.") var meeting: String?
    @Option(help: "The role in the request; by default none.") var role: String?
    @Option(help: "Decide as if it were this time (RFC 3339); facts stay those of now.") var at: String?
    @Option(name: .customLong("request-id"), help: "What was decided under this id, and what would be decided now.")
    var requestID: String?
    @Flag(help: "Print JSON.") var json = false
    @Flag(help: "Exit with 2 when no token would be given.") var exitCode = false

    func validate() throws { _ = try question() }

    func run() async throws {
        try await reporting {
            let question = try question()
            var settingsReader = try await SettingsReader()
            let settings = try ExplainSettings(&settingsReader)
            let answer = try await onThreadOfItsOwn(named: "explain") {
                Result {
                    do {
                        return try Answer(question, settings: settings)
                    } catch let error as DatabaseError {
                        throw Self.failure(error)
                    }
                }
            }.get()
            Terminal.print(json ? answer.json : answer.text)
            if exitCode, !answer.explanation.isAdmission { throw ExitCode(ExitStatus.pending.rawValue) }
        }
    }
}

// MARK: - What is asked

extension ExplainCommand {
    private enum Question: Sendable {
        case request(user: String, meeting: Meeting.ID, role: Role?, at: Timestamp?)
        case record(RecordedDecision.Search, user: String?, at: Timestamp?)
    }

    /// - Throws: `ValidationError` (exit code 64).
    private func question() throws -> Question {
        let at = try at.map { text in
            guard let time = Timestamp(rfc3339: text) else {
                throw ValidationError("--at \(text.safe(for: .message)): give a time such as 2026-11-28T09:00:00Z")
            }
            return time
        }
        let role = try role.map { text in
            guard let role = Role(rawValue: text) else {
                let names = Role.allCases.reversed().map(\.rawValue).joined(separator: ", ")
                throw ValidationError("--role \(text.safe(for: .message)): give one of \(names)")
            }
            return role
        }
        let meetingID = try meeting.map { text in
            guard let id = Meeting.ID(validating: text) else {
                throw ValidationError(
                    """
                    --meeting \(text.safe(for: .message)): the id of a meeting has 1 to 64 letters, digits, hyphens or \
                    underscores; the endpoint refuses any other (row 6 of `connvo-server help errors`)
                    """
                )
            }
            return id
        }
        if user == "" { throw ValidationError("--user is empty") }
        if let requestID {
            if role != nil { throw ValidationError("--role: the record of --request-id has the role of its request") }
            guard RequestID.isSane(requestID) else {
                throw ValidationError(
                    "--request-id: an id has 1 to 128 letters, digits, dots, hyphens or underscores"
                )
            }
            return .record(RecordedDecision.Search(requestID: requestID, meetingID: meetingID), user: user, at: at)
        }
        guard let user, let meetingID else {
            throw ValidationError("give --user and --meeting, or --request-id")
        }
        return .request(user: user, meeting: meetingID, role: role, at: at)
    }
}

// MARK: - The answer

extension ExplainCommand {
    private struct Answer: Sendable {
        let explanation: Explanation
        let recorded: RecordedExplanation?

        private static let deadline: Duration = .seconds(30)

        /// Blocks.
        ///
        /// - Throws: ``CommandFailure``, `DatabaseError`.
        init(_ question: Question, settings: ExplainSettings) throws {
            let deadline = Deadline.after(Self.deadline)
            var connection: Connection
            do {
                // Every statement runs once, so none is prepared; behind a pooler that is a must.
                connection = try Connection.open(
                    settings.target,
                    preparesStatements: false,
                    deadline: .after(.seconds(10))
                )
            } catch {
                throw CommandFailure(.unavailable, "cannot connect to the database: \(error.message)")
            }
            try SchemaRequirement.check(on: &connection)
            let request: AdmissionRequest
            let at: Timestamp?
            switch question {
            case .request(let user, let meeting, let role, let time):
                let callerID = try Self.userID(of: user, deadline: deadline, on: &connection)
                request = AdmissionRequest(callerID: callerID, meetingID: meeting, requestedRole: role)
                at = time
                recorded = nil
            case .record(var search, let user, let time):
                search.userID = try user.map { try Self.userID(of: $0, deadline: deadline, on: &connection) }
                let records = try RecordedDecision.find(search, deadline: deadline, on: &connection)
                guard let found = RecordedExplanation(requestID: search.requestID, records: records) else {
                    throw CommandFailure(.failed, Self.noRecord(of: search.requestID))
                }
                request = AdmissionRequest(
                    callerID: User.ID(rawValue: found.record.userID),
                    meetingID: Meeting.ID(rawValue: found.record.meetingID),
                    requestedRole: found.record.requestedRole
                )
                at = time
                recorded = found
            }
            let inquiry = try AdmissionInquiry.read(
                request,
                at: at ?? SystemClock.now(),
                rules: settings.rules,
                countsUpToThen: at != nil,
                deadline: deadline,
                on: &connection
            )
            explanation = Explanation(inquiry, settings: settings, isAtPresent: at == nil)
        }

        /// - Throws: ``CommandFailure`` for what is no id and no known e-mail address.
        private static func userID(
            of text: String,
            deadline: Deadline,
            on connection: inout Connection
        ) throws -> User.ID {
            let id = User.ID(validating: text)
            if let id, !text.contains("@") { return id }
            if let found = try AdmissionInquiry.userID(of: text, deadline: deadline, on: &connection) { return found }
            if let id { return id }
            throw CommandFailure(
                .failed,
                """
                no user has the e-mail address \(text.safe(for: .message)), and it is no id: give the WorkOS user id, \
                which is `sub` of the bearer token. Without a row in connvo.users the endpoint refuses the user (row 7 \
                of `connvo-server help errors`)
                """
            )
        }

        private static func noRecord(of requestID: String) -> String {
            """
            no record has the request id \(requestID.safe(for: .message, limit: 128))
            Tokens (200) and refusals by rows 7 to 16 of `connvo-server help errors` leave a record; these leave none:
              401       authentication: the log has the cause under the request id. `token inspect` reads Stream tokens
              400       the body or an argument was not valid (rows 5, 6, 26)
              404 to 415, 431   the request was for something else, too large, or not JSON (rows 20 to 25)
              429       the quota or too many refused tokens (rows 17, 27)
              500, 503  nothing was decided, or its COMMIT was not acknowledged (rows 3, 18, 19)
            Records older than RECORD_RETENTION_MONTHS are removed. The log of the server has the request id.
            """
        }

        var text: String {
            guard let recorded else { return explanation.text }
            return "\(recorded.text)\n\nWhat would be decided now\n\n\(explanation.text)"
        }

        var json: String {
            var json = JSONWriter(capacity: 4096)
            json.object { json in
                if let recorded {
                    json.object("record") { json in recorded.write(to: &json) }
                } else {
                    json.key("record")
                    json.null()
                }
                explanation.write(to: &json)
            }
            return json.text
        }
    }

    private static func failure(_ error: DatabaseError) -> CommandFailure {
        switch error.sqlState {
        case .insufficientPrivilege:
            CommandFailure(
                .failed,
                """
                \(error.message): this login may not read it. GRANT connvo_app TO it, or the rights in `connvo-server help \
                explain`
                """
            )
        case .undefinedTable, .undefinedSchema, .undefinedColumn:
            CommandFailure(
                .failed,
                "\(error.message): the schema is missing or older than this program; run connvo-server migrate up"
            )
        case .queryCanceled:
            CommandFailure(.failed, "\(error.message): narrow the search with --user or --meeting")
        default:
            CommandFailure(error.sqlState == nil ? .unavailable : .failed, error.description)
        }
    }
}
