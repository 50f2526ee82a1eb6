public import JobModel

/// In which order a worker looks for jobs in its queues.
public enum QueueOrder: Sendable, Equatable {
    /// The first queue until it is empty, then the second …
    case strict([QueueName])
    /// By chance, in proportion to the weights: `high=6,low=1` looks into `high` first six times of seven.
    case weighted([Weighted])

    public struct Weighted: Sendable, Equatable {
        public var queue: QueueName
        /// 1 to 1,000.
        public var weight: Int
        public init(_ queue: QueueName, weight: Int) {
            self.queue = queue
            self.weight = weight
        }
    }

    /// Why a text is no order of queues.
    public struct Refusal: Error, Equatable, Sendable, CustomStringConvertible {
        public var description: String
    }

    /// Reads `high,default,low` (strict) or `high=6,default=3,low=1` (weighted).
    public init(parsing text: String) throws(Refusal) {
        var weighted: [Weighted] = []
        var bare = 0
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let words = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let weight = words.count == 2 ? Int(words[1]) ?? 0 : 1
            if words.count == 1 { bare += 1 }
            do throws(NameError) {
                weighted.append(Weighted(try QueueName(String(words[0])), weight: weight))
            } catch { throw Refusal(description: "\(error)") }
            guard (1...1000).contains(weight) else {
                throw Refusal(
                    description: "bad weight in \"\(Printable.oneLine(String(part), limit: 80))\": use 1 to 1000")
            }
        }
        guard bare == 0 || bare == weighted.count else {
            throw Refusal(description: "give every queue a weight (high=6,low=1) or none of them (high,low)")
        }
        guard Set(weighted.map(\.queue)).count == weighted.count else {
            throw Refusal(description: "a queue is named twice in \"\(Printable.oneLine(text, limit: 80))\"")
        }
        self = bare > 0 ? .strict(weighted.map(\.queue)) : .weighted(weighted)
    }

    public var queues: [QueueName] {
        switch self {
        case .strict(let queues): queues
        case .weighted(let weighted): weighted.map(\.queue)
        }
    }

    /// Positions in `queues`, in the order in which to look this time.
    func positions(using generator: inout some RandomNumberGenerator) -> [Int] {
        switch self {
        case .strict(let queues): return Array(queues.indices)
        case .weighted(let weighted):
            var left = Array(weighted.indices)
            var order: [Int] = []
            while !left.isEmpty {
                var draw = Int.random(in: 0..<left.reduce(0) { $0 + weighted[$1].weight }, using: &generator)
                let pick = left.firstIndex { position in
                    draw -= weighted[position].weight
                    return draw < 0
                }
                order.append(left.remove(at: pick ?? 0))
            }
            return order
        }
    }
}
