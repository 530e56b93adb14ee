internal import Domain
internal import Persistence

// Who uses it: users by month, meetings with the most tokens, organizers who meet the paywall.

extension OverviewPage {
    /// A row for each month and a column for each tier, with the users of each.
    var months: HTML {
        let tiers = overview.months.reduce(into: [String]()) { tiers, month in
            if !tiers.contains(month.tier) { tiers.append(month.tier) }
        }.sorted()
        let byMonth = Dictionary(grouping: overview.months, by: \.month)
        let table = DataTable(
            caption: "Active users by month and tier",
            columns: [.init(title: "Month")] + tiers.map { .init(title: $0, isNumber: true) },
            rows: byMonth.sorted { $0.key > $1.key }.map { month, entries in
                [.text(month.monthAndYear)]
                    + tiers.map { tier in .number(entries.first { $0.tier == tier }?.users ?? 0) }
            }
        )
        return section(
            "Active users by month",
            "People who got at least one token, by the tier that paid. One who met on two tiers counts in both.",
            overview.months.isEmpty ? Self.nothing : table.html
        )
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
