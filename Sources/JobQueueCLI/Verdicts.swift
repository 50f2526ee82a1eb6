import JobModel
import TerminalDashboard

/// What became of each thing that a command was given.
struct Verdicts {
    enum Verdict: Equatable {
        /// It is as was wished, now or before.
        case done(String)
        /// There is no such thing.
        case missing(String)
        /// It is there, but not in a state for this.
        case refused(String)

        static func noQueue(_ name: QueueName) -> Verdict {
            .missing("there is no queue \(name): nothing was ever enqueued to it")
        }

        static func noJob(_ id: String, in queue: QueueName) -> Verdict {
            .missing("there is no job \(id) in the queue \(queue): it never was, or it is forgotten")
        }

        var word: String {
            switch self {
            case .done(let word), .missing(let word), .refused(let word): word
            }
        }
    }

    private let noun: String
    private let participle: String
    private(set) var all: [(name: String, verdict: Verdict)] = []

    /// `noun` is what things are called, `participle` what shall be done to them: `job`, `deleted`.
    init(_ noun: String, _ participle: String) {
        self.noun = noun
        self.participle = participle
    }

    mutating func add(_ name: String, _ verdict: Verdict) { all.append((name, verdict)) }

    /// A line for each. Of a single one that was not done the failure tells.
    var lines: [String] {
        if all.count == 1, failure != nil { return [] }
        return all.map { name, verdict in
            "\(Printable.oneLine(name))  \(Printable.oneLine(verdict.word))"
        }
    }

    /// What the command ends with: 66 when something is not there, else 1 when something could not be done; nil when all
    /// was done.
    var failure: Failure? {
        let left = all.filter { if case .done = $0.verdict { false } else { true } }
        guard let first = left.first else { return nil }
        let isMissing = left.contains { if case .missing = $0.verdict { true } else { false } }
        let code: Failure.Code = isMissing ? .notFound : .failed
        if all.count == 1 {
            return Failure(code, isMissing ? first.verdict.word : "\(noun) \(first.name): \(first.verdict.word)")
        }
        return Failure(code, "\(left.count) of \(Quantity.of(all.count, noun)) not \(participle)")
    }

    /// Prints the lines, and throws the failure.
    func report() throws(Failure) {
        for line in lines { try Output.print(line) }
        if let failure { throw failure }
    }
}
