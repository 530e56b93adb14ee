/// Finds names that are spelled like a given one.
enum NearNames {
    /// Those of `names` that begin with what was given, contain it, or are at most a third of its letters away from
    /// it; nearest first, three at most. Upper and lower case are the same.
    static func of(_ given: String, in names: [String]) -> [String] {
        let given = given.lowercased()
        guard !given.isEmpty else { return [] }
        let rated = names.compactMap { name -> (name: String, distance: Int)? in
            let spelling = name.lowercased()
            if spelling.hasPrefix(given) { return (name, spelling == given ? -1 : 0) }
            let distance = distance(given, spelling)
            if distance <= max(1, given.count / 3) { return (name, distance) }
            return spelling.contains(given) ? (name, given.count) : nil
        }
        if let same = rated.first(where: { $0.distance < 0 }) { return [same.name] }
        return rated.sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }.prefix(3).map(\.name)
    }

    /// `did you mean users?`; nil where no name is near.
    static func hint(for given: String, in names: [String]) -> String? {
        let near = of(given, in: names)
        return near.isEmpty ? nil : "did you mean \(near.joined(separator: " or "))?"
    }

    /// How many letters must be put in, taken out, changed, or exchanged with their neighbour (optimal string alignment).
    private static func distance(_ left: String, _ right: String) -> Int {
        let (left, right) = (Array(left), Array(right))
        var former: [Int] = []
        var row = Array(0...right.count)
        for index in left.indices {
            var next = [index + 1]
            for column in right.indices {
                var least = min(row[column + 1] + 1, next[column] + 1)
                least = min(least, row[column] + (left[index] == right[column] ? 0 : 1))
                let isExchange =
                    index > 0 && column > 0 && left[index] == right[column - 1] && left[index - 1] == right[column]
                if isExchange { least = min(least, former[column - 1] + 1) }
                next.append(least)
            }
            (former, row) = (row, next)
        }
        return row[right.count]
    }
}
