/// Finds names that are spelled like a given one.
enum NearNames {
    /// Those of `names` that begin with what was given, contain it, or are at most a third of its letters away from
    /// it; nearest first, three at most.
    static func of(_ given: String, in names: [String]) -> [String] {
        let given = given.lowercased()
        guard !given.isEmpty else { return [] }
        if names.contains(given) { return [given] }
        let rated = names.compactMap { name -> (name: String, distance: Int)? in
            if name.hasPrefix(given) { return (name, 0) }
            let distance = distance(given, name)
            if distance <= max(1, given.count / 3) { return (name, distance) }
            return name.contains(given) ? (name, given.count) : nil
        }
        return rated.sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }.prefix(3).map(\.name)
    }

    /// How many letters must be put in, taken out or changed (Levenshtein).
    private static func distance(_ left: String, _ right: String) -> Int {
        let right = Array(right)
        var row = Array(0...right.count)
        for (index, letter) in left.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for column in right.indices {
                let above = row[column + 1]
                row[column + 1] = min(above + 1, row[column] + 1, diagonal + (letter == right[column] ? 0 : 1))
                diagonal = above
            }
        }
        return row[right.count]
    }
}
