/// A real table: what a chart shows, for reading, copying and screen readers.
///
/// Where it is wider than its place it scrolls by itself, and the page does not: the keyboard reaches it for that.
struct DataTable {
    struct Column {
        /// Empty above bars.
        let title: String
        var isNumber = false
        /// Whether the title is something from outside, such as the name of a tier.
        var isName = false
        /// Left out where the page is narrow.
        var isMinor = false

        fileprivate var kind: HTML {
            switch (isNumber, isMinor) {
            case (false, false): .nothing
            case (true, false): #" class="number""#
            case (false, true): #" class="wide""#
            case (true, true): #" class="number wide""#
            }
        }
    }

    enum Cell {
        case text(String)
        /// Something from outside: kept apart from the direction of writing around it.
        case name(String)
        case number(Int64)
        /// Two of them, the second one smaller.
        case names(String, beneath: String)
        /// A number that has been put into words, such as a share; or a time.
        case figure(String)
        /// A bar that fills so much of its cell, from 0 to 1. A number stands in another cell.
        case bar(share: Double)
    }

    let caption: String
    let columns: [Column]
    let rows: [[Cell]]

    var html: HTML {
        let head = columns.map { column -> HTML in
            if column.title.isEmpty { return #"<td class="bar"></td>"# }
            let title: HTML = column.isName ? .name(column.title) : "\(column.title)"
            return #"<th scope="col"\#(column.kind)>\#(title)</th>"#
        }
        let body = rows.map { cells -> HTML in
            let cells = zip(cells, columns).enumerated().map { index, cell in
                cell.0.html(in: cell.1, isHeader: index == 0)
            }
            return "<tr>\(cells)</tr>\n"
        }
        return #"""
            <div class="scroll" role="region" tabindex="0" aria-label="\#(caption)"><table><caption>\#(caption)</caption>
            <thead><tr>\#(head)</tr></thead>
            <tbody>
            \#(body)</tbody></table></div>

            """#
    }

    /// The same, folded away under a line that opens it.
    var folded: HTML { "<details><summary>Show as a table</summary>\n\(html)</details>\n" }
}

extension DataTable.Cell {
    fileprivate func html(in column: DataTable.Column, isHeader: Bool) -> HTML {
        let content: HTML
        var kind = column.kind
        switch self {
        case .text(let text), .figure(let text): content = "\(text)"
        case .name(let name): content = .name(name)
        case .names(let name, let beneath): content = "\(HTML.name(name))<small>\(HTML.name(beneath))</small>"
        case .number(let number): content = "\(Figures.grouped(number))"
        case .bar(let share):
            let width = (share * 100).clamped(to: 0...100)
            content = #"<svg height="10" aria-hidden="true"><rect width="\#(width)%" height="10"/></svg>"#
            kind = #" class="bar""#
        }
        return isHeader ? #"<th scope="row"\#(kind)>\#(content)</th>"# : "<td\(kind)>\(content)</td>"
    }
}

extension DataTable.Cell {
    /// A part as a percentage of the whole.
    static func share(_ part: Int64, of whole: Int64) -> DataTable.Cell {
        .figure(Figures.share(part, of: whole))
    }
}
