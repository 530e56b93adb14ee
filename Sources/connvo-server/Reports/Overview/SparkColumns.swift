/// The course of one number in a few pixels, without axes: what stands beside it says how much.
struct SparkColumns {
    let values: [Int64]
    let isLastUnfinished: Bool

    private static let height = 32.0

    var html: HTML {
        guard let largest = values.max(), largest > 0 else { return .nothing }
        let width = 100 / Double(values.count)
        let bars = values.enumerated().map { index, value -> HTML in
            let height = Double(value) / Double(largest) * Self.height
            return #"""
                <rect\#(isLastUnfinished && index == values.count - 1 ? HTML(" class=\"part\"") : .nothing) \#
                x="\#(Double(index) * width + width * 0.1)%" width="\#(width * 0.8)%" \#
                y="\#(Self.height - height)" height="\#(height)"/>
                """#
        }
        return #"<svg class="spark" height="\#(Self.height)" aria-hidden="true">\#(bars)</svg>"#
    }
}
