/// Where the fields of a JSON object are. Few names, as nearly all objects have, are compared, which costs less than to hash
/// them; many are hashed, so that a body of a hundred thousand names costs no more than its size.
struct NamedRanges {
    private static let few = 16

    private var list: [(name: String, range: Range<Int>)] = []
    /// Instead of the list, when there are more.
    private var table: [String: Range<Int>] = [:]

    var isEmpty: Bool { list.isEmpty && table.isEmpty }

    /// In order.
    var names: [String] { (list.map(\.name) + table.keys).sorted() }

    func contains(_ name: String) -> Bool { list.contains { $0.name == name } || table[name] != nil }

    /// False when the name is there already; then the first one stays.
    mutating func insert(_ name: String, _ range: Range<Int>) -> Bool {
        guard !contains(name) else { return false }
        if table.isEmpty, list.count < Self.few {
            list.append((name, range))
            return true
        }
        for field in list { table[field.name] = field.range }
        list = []
        table[name] = range
        return true
    }

    mutating func remove(_ name: String) -> Range<Int>? {
        guard let index = list.firstIndex(where: { $0.name == name }) else {
            // An empty table would hash the name all the same.
            return table.isEmpty ? nil : table.removeValue(forKey: name)
        }
        list.swapAt(index, list.count - 1)
        return list.removeLast().range
    }
}
