/// One thing that is measured, whatever its unit.
public struct Row: Sendable {
    /// What is promised of it on a machine with two cores that also runs Redis.
    public enum Budget: Sendable {
        case atLeast(Double)
        case atMost(Double)

        func isMet(by value: Double) -> Bool {
            switch self {
            case .atLeast(let limit): value >= limit
            case .atMost(let limit): value <= limit
            }
        }
    }

    /// For machines: `drain.typed`.
    public var id: String
    public var title: String
    public var unit: String
    public var budget: Budget?

    init(_ id: String, _ title: String, _ unit: String, _ budget: Budget? = nil) {
        self.id = id
        self.title = title
        self.unit = unit
        self.budget = budget
    }
}

/// What one round found.
struct Figure: Sendable {
    var row: String
    var value: Double
    /// CPU time of the server for each job, µs.
    var redis: Double?
    /// CPU time of this process for each job, producers and worker together, µs.
    var process: Double?
}

extension [Double] {
    /// The middle one; of an even number the larger of the two.
    var median: Double? { isEmpty ? nil : sorted()[count / 2] }

    /// The value that so much of them do not exceed.
    func quantile(_ share: Double) -> Double? {
        isEmpty ? nil : sorted()[Swift.min(count - 1, Int((Double(count) * share).rounded(.up)) - 1)]
    }
}
