import Domain
import Foundation
import FoundationXML
import Testing

@testable import Persistence
@testable import connvo_server

/// The page is well-formed, refers to nothing outside it, and is safe with every text in the database.
@Suite struct OverviewPageTests {
    private static let start = Timestamp(secondsSinceEpoch: 1_767_225_600)  // 2026-01-01

    private static func overview(
        days: Int = 30,
        tiers: [String] = ["pro", "business"],
        name: String = "meeting_one",
        faults: Int64 = 0,
        isEmpty: Bool = false
    ) -> Overview {
        let until = start + .seconds(Int64(days) * 86_400)
        let freshness = ReportFreshness(
            readAt: until - .seconds(1),
            lastIssuedAt: isEmpty ? nil : until - .seconds(60),
            lastRefusedAt: nil,
            recordsFrom: start,
            rolledUpUntil: until - .seconds(3600)
        )
        var course: [Overview.Day] = []
        for index in 0..<Int64(days) {
            let tokens = tiers.indices.map { isEmpty ? 0 : (index + 1) * (10 - Int64($0)) }
            course.append(
                Overview.Day(
                    day: start + .seconds(index * 86_400),
                    tokens: tokens,
                    refusals: isEmpty ? 0 : 3,
                    peak: isEmpty ? 0 : index
                )
            )
        }
        let hours: [[Int64]] = (0..<7).map { day in (0..<24).map { hour in Int64(day) * Int64(hour) } }
        let meeting = Overview.Meeting(id: name, organizer: name, tokens: 12, users: 3, lastIssuedAt: until)
        let month = Overview.Month(month: start, tier: name, users: 4)
        let organizer = Overview.Organizer(id: name, refusals: 4, paysNow: false)
        let controls = Report.controls.map { report in
            Overview.Control(report: report, count: faults, first: faults > 0 ? start : nil)
        }
        return Overview(
            freshness: freshness,
            database: name,
            period: Overview.Period(from: start, until: until),
            days: course,
            tiers: tiers,
            comparison: Overview.Comparison(tokens: 4500, tokensBefore: 4000),
            refusals: [Overview.RefusalCount(reason: name, count: 90)],
            hours: hours,
            topMeetings: [meeting],
            meetingCount: 1,
            live: Overview.Live(tokens: 5, meetings: 1, roles: [Overview.Live.Role(name: name, tokens: 5)]),
            months: [month],
            paywall: [organizer],
            controls: controls
        )
    }

    /// What an XML parser, which forgives nothing, finds on a page.
    private final class Finder: NSObject, XMLParserDelegate {
        var elements: [String: Int] = [:]
        var attributes: Set<String> = []
        var values: [String] = []
        var text = ""
        var identifiers: [String] = []
        var references: [String] = []

        func parser(
            _ parser: XMLParser,
            didStartElement element: String,
            namespaceURI: String?,
            qualifiedName: String?,
            attributes found: [String: String]
        ) {
            elements[element, default: 0] += 1
            attributes.formUnion(found.keys)
            values += found.values
            if let id = found["id"] { identifiers.append(id) }
            references += (found["aria-labelledby"] ?? "").split(separator: " ").map(String.init)
        }

        func parser(_ parser: XMLParser, foundCharacters string: String) { text += string }
    }

    private static func parse(_ overview: Overview) throws -> Finder {
        let parser = XMLParser(data: Data(OverviewPage(overview: overview).html.source.utf8))
        let finder = Finder()
        parser.delegate = finder
        try #require(parser.parse(), "line \(parser.lineNumber): \(String(describing: parser.parserError))")
        return finder
    }

    @Test(arguments: [1, 30, 92, 93, 731, 732, 3660])
    func `a page of any period is well-formed and complete`(days: Int) throws {
        let page = try Self.parse(Self.overview(days: days))

        #expect(page.elements["svg", default: 0] >= 3)
        #expect(page.elements["table", default: 0] >= 6)
        #expect(page.elements["th", default: 0] > 20)
        // Every picture has a title and a description, and what refers to something finds it.
        #expect(!page.references.isEmpty)
        #expect(Set(page.references).isSubset(of: page.identifiers))
        #expect(Set(page.identifiers).count == page.identifiers.count)
    }

    @Test func `nothing comes from elsewhere, and nothing runs`() throws {
        let page = try Self.parse(Self.overview(faults: 2))

        let forbidden = ["script", "link", "img", "image", "use", "iframe", "object", "embed", "a", "foreignObject"]
        #expect(page.elements.keys.filter(forbidden.contains).isEmpty)
        #expect(
            page.attributes.filter { $0.hasPrefix("on") || ["href", "src", "style", "xlink:href"].contains($0) }.isEmpty
        )
        #expect(page.values.contains("default-src 'none'; style-src 'unsafe-inline'"))
        #expect(!page.text.contains("url(") && !page.text.contains("@import"))
        #expect(!page.values.contains { $0.contains("//") })
    }

    @Test(arguments: [
        History.markup, "\"><svg onload=alert(1)>", "</style><script>", "]]>", "<!--", "\u{0}\u{1B}[31m\u{202E}",
        "&lt;b&gt;", "' onmouseover='alert(1)",
    ])
    func `hostile names are text`(name: String) throws {
        let page = try Self.parse(Self.overview(tiers: ["pro", name], name: name, faults: 1))
        let plain = try Self.parse(Self.overview(tiers: ["pro", "x"], name: "x", faults: 1))

        #expect(page.elements == plain.elements)
        #expect(page.attributes == plain.attributes)
        let shown = String(
            name.unicodeScalars.map { scalar in
                let isHostile =
                    scalar.properties.generalCategory == .control || 0x202A...0x202E ~= scalar.value
                    || 0x2066...0x2069 ~= scalar.value || [0x061C, 0x200E, 0x200F].contains(scalar.value)
                return isHostile ? "\u{FFFD}" : Character(scalar)
            }
        )
        #expect(page.text.contains(shown))
    }

    @Test func `a control that is not empty is a failure in words`() throws {
        let good = try Self.parse(Self.overview())
        let bad = try Self.parse(Self.overview(faults: 1234))

        #expect(good.text.contains("Controls: all 5 pass") && good.text.contains("✓ Pass"))
        #expect(!good.text.contains("Fail"))
        #expect(bad.text.contains("Controls: 5 of 5 fail") && bad.text.contains("✕ Fail"))
        #expect(bad.text.contains("1,234") && bad.text.contains("connvo-server report uncovered-tokens"))
    }

    @Test func `an empty database says so, and has no charts`() throws {
        let page = try Self.parse(Self.overview(tiers: [], isEmpty: true))

        #expect(page.text.contains("Nothing has been recorded yet"))
        #expect(page.elements["svg"] == nil && page.elements["table"] == nil)
    }

    @Test func `more tiers than shades are put together, and nothing is lost`() throws {
        let page = try Self.parse(Self.overview(days: 1, tiers: ["a", "b", "c", "d", "e", "f"]))

        // 10, 9, 8, 7 and, together, 6 + 5.
        #expect(page.text.contains("other tiers"))
        #expect(page.text.contains("a 10, b 9, c 8, d 7, other tiers 11"))
    }

    @Test func `the day that is not over is marked, and a part of a week says its days`() throws {
        // Read one second before the period ends.
        let page = OverviewPage(overview: Self.overview(days: 100)).html.source
        let days = OverviewPage(overview: Self.overview(days: 30)).html.source

        #expect(days.contains("30 Jan 2026, so far: ") && !days.contains("29 Jan 2026, so far"))
        // The chart of tokens, that of peaks, and their tables.
        #expect(days.components(separatedBy: "30 Jan 2026, so far").count == 5)
        #expect(days.components(separatedBy: #"<g class="part">"#).count == 3)
        #expect(days.contains("Not over yet: this page was made at 30 Jan 2026, 23:59 UTC."))
        // 100 days are fourteen weeks and two days.
        #expect(page.contains("week from 9 Apr 2026 (2 days), so far"))
        #expect(page.contains("Jan 2026</th>") && !page.contains("Jan 2026, so far</th>"))
        #expect(days.contains("Jan 2026, so far</th>"))
    }

    @Test func `names are shown as they are, and told in full to a pointer that rests on them`() throws {
        let name = String(repeating: "tier-of-nothing-but-one-word", count: 9)
        let page = OverviewPage(overview: Self.overview(tiers: [name], name: name)).html.source

        // Database, tier in the legend and above the table, reason, role, tier of a month, organizer twice, meeting.
        #expect(page.components(separatedBy: #"<bdi class="name" title="\#(name)">\#(name)</bdi>"#).count == 10)
    }

    @Test func `the change is against the period before`() throws {
        let overview = Self.overview(tiers: ["pro"])

        // Of the hours that are over, and not of all that were counted.
        #expect(overview.tokenCount == 4650)
        #expect(try Self.parse(overview).text.contains("+12.5 %"))
    }

    @Test(arguments: [(0, 0), (1, 1), (20, 1), (21, 2), (99, 5), (100, 5)])
    func `shades are equal steps, and one token is not none`(count: Int64, shade: Int) {
        #expect(HeatMap.shade(count, largest: 100) == shade)
    }
}
