/// Finds what somebody meant who wrote something else.
enum Nearest {
    /// The word that takes the fewest changes to get to, if those are few for its length.
    static func word(to text: String, among words: some Sequence<String>) -> String? {
        let found = words.map { (word: $0, distance: distance(text, $0)) }.min { $0.distance < $1.distance }
        guard let found, found.distance <= max(1, found.word.count / 3) else { return nil }
        return found.word
    }

    /// `; did you mean "queues"?`, or nothing.
    static func hint(for text: String, among words: some Sequence<String>) -> String {
        word(to: text, among: words).map { "; did you mean \"\($0)\"?" } ?? ""
    }

    /// The number of letters to insert, remove, replace, or swap with their neighbour (optimal string alignment).
    static func distance(_ first: String, _ second: String) -> Int {
        // Nobody mistypes a word this long, and the table would grow with the square.
        let (a, b) = (Array(first.lowercased().prefix(80)), Array(second.lowercased().prefix(80)))
        var rows = [Array(0...b.count)]
        for i in 1..<(a.count + 1) {
            var row = [i]
            for j in 1..<(b.count + 1) {
                let replaced = rows[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)
                var best = min(rows[i - 1][j] + 1, row[j - 1] + 1, replaced)
                if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] { best = min(best, rows[i - 2][j - 2] + 1) }
                row.append(best)
            }
            rows.append(row)
        }
        return rows[a.count][b.count]
    }
}
