internal import Domain
internal import Persistence

// Who uses it: users by month, meetings with the most tokens, organizers who meet the paywall.

extension OverviewPage {
    /// Months that there is room for on a telephone.
    private static let narrowMonths = 4

    /// A row for each tier and a column for each month, with the users of each: tiers may be many, months are six.
    var months: HTML {
        let months = Set(overview.months.map(\.month)).sorted()
        let latest = overview.months.filter { $0.month == months.last }
        let byTier = Dictionary(grouping: overview.months, by: \.tier)
        // Most users of the last month first.
        let tiers = byTier.keys.sorted { one, other in
            let users = [one, other].map { tier in latest.first { $0.tier == tier }?.users ?? 0 }
            return (users[1], one) < (users[0], other)
        }
        let table = DataTable(
            caption: "Active users by month and tier",
            columns: [.init(title: "Tier")]
                + months.enumerated().map { index, month in
                    .init(
                        title: month.monthAndYear + (isOver(month) ? "" : ", so far"),
                        isNumber: true,
                        isMinor: index < months.count - Self.narrowMonths
                    )
                },
            rows: tiers.map { tier in
                [.name(tier)]
                    + months.map { month in
                        .number(byTier[tier]?.first { $0.month == month }?.users ?? 0)
                    }
            }
        )
        return section(
            "Active users by month",
            "People who got at least one token, by the tier that paid. One who met on two tiers counts in both.",
            overview.months.isEmpty ? Self.nothing : table.html
        )
    }

    /// Whether a month that begins then was over when the page was made.
    private func isOver(_ month: Timestamp) -> Bool {
        month.monthAndYear != overview.freshness.readAt.monthAndYear && month < overview.freshness.readAt
    }

    var meetings: HTML {
        let largest = overview.topMeetings.first?.tokens ?? 0
        let table = DataTable(
            caption: "Meetings with the most tokens",
            columns: [
                .init(title: "Meeting, organizer"), .init(title: "Tokens", isNumber: true), .init(title: ""),
                .init(title: "Most users in a day", isNumber: true, isMinor: true),
                .init(title: "Last token", isNumber: true, isMinor: true),
            ],
            rows: overview.topMeetings.map { meeting in
                [
                    .names(meeting.id, beneath: meeting.organizer), .number(meeting.tokens),
                    .bar(share: Double(meeting.tokens) / Double(max(largest, 1))), .number(meeting.users),
                    .figure(meeting.lastIssuedAt.minuteText),
                ]
            }
        )
        return section(
            "Top meetings",
            "Of \(Figures.grouped(overview.meetingCount)) meetings, those with the most tokens.",
            overview.topMeetings.isEmpty ? Self.nothing : table.html
        )
    }

    var paywall: HTML {
        let largest = overview.paywall.first?.refusals ?? 0
        let table = DataTable(
            caption: "Organizers whose meetings were closed for want of a paid tier",
            columns: [
                .init(title: "Organizer"), .init(title: "Refusals", isNumber: true), .init(title: ""),
                .init(title: "Pays now"),
            ],
            rows: overview.paywall.map { organizer in
                [
                    .name(organizer.id), .number(organizer.refusals),
                    .bar(share: Double(organizer.refusals) / Double(max(largest, 1))),
                    .text(organizer.paysNow ? "Yes" : "No"),
                ]
            }
        )
        return section(
            "Who meets the paywall",
            "Organizers whose meetings were closed most often for want of a paid tier, in the months of the period.",
            overview.paywall.isEmpty ? Self.nothing : table.html
        )
    }
}
