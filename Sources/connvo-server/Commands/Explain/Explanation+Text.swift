internal import ConvexAPI
internal import Domain
internal import Persistence
internal import Text

extension Explanation {
    /// The explanation for people, without a final line end.
    var text: String {
        var lines = heading
        let refusing = steps.filter { $0.verdict == .refuses }
        if !refusing.isEmpty {
            lines += ["", refusing.count == 1 ? "What would have to change" : "What would have to change, all of it"]
            lines += refusing.map { "  row \($0.row)  \($0.remedy ?? "")" }
        }
        lines += ["", "Rules, in their order; the first that refuses decides"]
        lines += table(
            steps.map { step in
                [
                    step.decides ? "> row \(step.row)" : "  row \(step.row)",
                    step.verdict == .refuses ? "REFUSES" : step.verdict == .passes ? "passes" : "-",
                    step.requirement, step.found,
                ]
            }
        )
        lines += subscriptionLines
        lines += ["", "Settings, which must be those of serve (* not set: the default)"]
        lines += table(settings.map { ["  \($0.setting.name)", ($0.text ?? "none") + ($0.isDefault ? " *" : "")] })
        return lines.joined(separator: "\n")
    }

    private var heading: [String] {
        var rows = [["Decision", decisionText]]
        if let response { rows.append(["Client", "\(response.code), \"\(response.message)\""]) }
        rows.append(["User", userText])
        rows.append(["Meeting", meetingText])
        rows.append(["Role", inquiry.request.requestedRole.map { "requests \($0.rawValue)" } ?? "none requested"])
        rows.append(["Time", inquiry.at.shown + (isAtPresent ? ", now" : ", not now: see the note")])
        var lines = table(rows)
        if !isAtPresent {
            lines.append(
                """
                Note      The tables hold the present: account, meeting, membership and role are those of now. Only \
                the periods of subscriptions, the opening and the quota are those of that time.
                """
            )
        }
        if inquiry.context.isFromStandby {
            lines.append(
                "Note      A standby answered: its facts may be older than those of the primary, which decides."
            )
        }
        return lines
    }

    private var decisionText: String {
        switch decision {
        case .admitted(let admission):
            """
            a token for \(admission.call.cid) as \(admission.grantedRole.rawValue) (\(admission.streamRole) at \
            Stream), paid by \(admission.subscription.tier.id.shown) of \(admission.subscription.owner.shown)
            """
        case .refused(let refusal):
            "refused: \(refusal.reason), row \(Refusal.Reason(refusal).row) of `connvo-server help errors`"
        case .rateLimited(let retryAfter):
            "429, retry after \(retryAfter) s: row 17 of `connvo-server help errors`, not recorded"
        }
    }

    private var userText: String {
        guard let caller = facts.caller else { return inquiry.request.callerID.shown }
        let name = caller.displayName.map { ", \($0.safe(for: .table))" } ?? ""
        return "\(caller.id.shown), \(caller.email.safe(for: .table))\(name)"
    }

    private var meetingText: String {
        guard let meeting = facts.meeting else { return inquiry.request.meetingID.shown }
        let title = inquiry.context.meetingTitle.map { " \"\($0.safe(for: .table))\"" } ?? ""
        let organization = meeting.organizationID.map { " of \($0.shown)" } ?? ""
        return "\(meeting.id.shown)\(title), organizer \(organizer)\(organization)"
    }

    private var subscriptionLines: [String] {
        guard !subscriptions.isEmpty else { return [] }
        let payer = facts.meeting.flatMap { rules.policy.payer(for: $0, among: facts.subscriptions, at: inquiry.at) }
        let grace = settings.first { $0.setting == .pastDueGrace }?.text ?? ""
        let rows = subscriptions.map { subscription, obstacle in
            let use =
                obstacle.map { $0.text(of: subscription, grace: grace) }
                ?? (subscription.id == payer?.id ? "pays" : "would pay; the one above it in rank does")
            return [
                "  \(subscription.tier.id.shown)", subscription.owner.shown, subscription.status.rawValue,
                "\(subscription.startsAt.shown) to \(subscription.endsAt?.shown ?? "open")", use,
            ]
        }
        return ["", "Subscriptions of the organizer and the organizer's organization, the last of each"] + table(rows)
    }

    /// Columns as wide as their widest cell, with two blanks between.
    private func table(_ rows: [[String]]) -> [String] {
        let count = rows.map(\.count).max() ?? 0
        let widths = (0..<count).map { column in
            rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
        }
        return rows.map { row in
            row.enumerated().map { column, cell in
                column == row.count - 1 ? cell : cell + String(repeating: " ", count: widths[column] - cell.count)
            }.joined(separator: "  ")
        }
    }
}

extension Subscription.Obstacle {
    fileprivate func text(of subscription: Subscription, grace: String) -> String {
        switch self {
        case .otherOwner: "does not pay: another owner"
        case .freeTier: "does not pay: not a paid tier"
        case .notStarted: "does not pay: not begun"
        case .ended: "does not pay: ended"
        case .status: "does not pay: \(subscription.status.rawValue)"
        case .graceOver:
            """
            does not pay: payment late since \(subscription.pastDueSince?.shown ?? ""), \
            PAST_DUE_GRACE is \(grace)
            """
        }
    }
}
