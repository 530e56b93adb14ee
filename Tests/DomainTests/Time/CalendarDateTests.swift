import Domain
import Testing

@Suite struct CalendarDateTests {
    static let days: [(Int64, String, Weekday)] = [
        (0, "1970-01-01", .thursday),
        (-1, "1969-12-31", .wednesday),
        (11_016, "2000-02-29", .tuesday),
        (11_017, "2000-03-01", .wednesday),
        (20_783, "2026-11-26", .thursday),
        (-25_509, "1900-02-28", .wednesday),
        (-25_508, "1900-03-01", .thursday),
        (-719_162, "0001-01-01", .monday),
        (-719_528, "0000-01-01", .saturday),
        (-719_529, "-0001-12-31", .friday),
        (2_932_896, "9999-12-31", .friday),
        (2_932_897, "10000-01-01", .saturday),
    ]

    @Test(arguments: days)
    func `a day has its date and its weekday`(days: Int64, text: String, weekday: Weekday) {
        let date = CalendarDate(daysSinceEpoch: days)

        #expect("\(date)" == text)
        #expect(date.weekday == weekday)
    }

    @Test func `every day of eight centuries follows the day before, and converts back to its number`() {
        var former = CalendarDate(daysSinceEpoch: -150_001)
        for days in Int64(-150_000)...150_000 {
            let date = CalendarDate(daysSinceEpoch: days)
            let isLastOfMonth = former.day == CalendarDate.dayCount(ofMonth: former.month, in: former.year)
            let isLastOfYear = isLastOfMonth && former.month == 12
            let next = CalendarDate(
                year: isLastOfYear ? former.year + 1 : former.year,
                month: isLastOfYear ? 1 : isLastOfMonth ? former.month + 1 : former.month,
                day: isLastOfMonth ? 1 : former.day + 1
            )
            guard date == next, date.daysSinceEpoch == days else {
                Issue.record("day \(days) is \(date), which converts back to \(date.daysSinceEpoch)")
                return
            }
            former = date
        }
    }

    @Test func `months have their names`() {
        let names = (1...12).map { CalendarDate(year: 2026, month: $0, day: 1).monthName }

        #expect(
            names == ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        )
    }

    @Test(arguments: zip(Weekday.allCases, ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]))
    func `weekdays have their names`(weekday: Weekday, name: String) {
        #expect(weekday.shortName == name)
    }
}
