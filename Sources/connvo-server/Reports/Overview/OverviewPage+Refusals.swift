internal import Domain
internal import Persistence

// Refusals by reason.

extension OverviewPage {
    var refusals: HTML {
        let largest = overview.refusals.first?.count ?? 0
        let table = DataTable(
            caption: "Refusals by reason",
            columns: [
                .init(title: "Reason"), .init(title: "Refusals", isNumber: true), .init(title: "Share", isNumber: true),
                .init(title: ""),
            ],
            rows: overview.refusals.map { refusal in
                [
                    .names(Refusal.Reason(rawValue: refusal.reason)?.words ?? "Other", beneath: refusal.reason),
                    .number(refusal.count), .share(refusal.count, of: overview.refusalCount),
                    .bar(share: Double(refusal.count) / Double(max(largest, 1))),
                ]
            }
        )
        return section(
            "Refusals by reason",
            "Signed-in people who got no token.",
            overview.refusals.isEmpty ? Self.nothing : table.html
        )
    }
}

extension Refusal.Reason {
    /// The reason as a person reads it.
    fileprivate var words: String {
        switch self {
        case .userNotProvisioned: "Unknown user"
        case .userDeactivated: "User is deactivated"
        case .meetingNotFound: "No such meeting"
        case .notAParticipant: "Not invited"
        case .participantRemoved: "Removed from the meeting"
        case .meetingEnded: "Meeting has ended"
        case .meetingNotOpen: "Meeting is not open yet"
        case .tierRequired: "No paid tier"
        case .noStreamCall: "Meeting has no call"
        case .roleAboveOwn: "Asked for more than their role"
        case .roleNotAdmitted: "Role is not admitted"
        }
    }
}
