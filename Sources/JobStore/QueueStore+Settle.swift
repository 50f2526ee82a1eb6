package import JobModel
import Redis

/// The end of one run.
package struct Settlement: Sendable {
    package var id: String
    package var token: Token
    package var disposition: Disposition

    package init(id: String, token: Token, disposition: Disposition) {
        self.id = id
        self.token = token
        self.disposition = disposition
    }

    /// About how many bytes it takes on the wire.
    package var byteCount: Int {
        switch disposition {
        case .done(_, let result): 64 + result.count
        case .retry, .front, .suspect, .dead, .cancelled: 600
        }
    }
}

/// What became of one settlement.
package enum Settled: String, Sendable {
    case ok
    /// Cancellation had been asked: the job is cancelled.
    case asked
    /// Somebody else has the job now. Final.
    case stale
    /// Nobody runs this job: it was settled before, or history was lost. Final.
    case gone
}

extension QueueStore {
    /// Settles runs of one incarnation, at most 1,000, each job once. Answers for each, in order.
    package func settle(
        _ incarnation: Incarnation, _ settlements: [Settlement], timeout: Duration? = nil
    )
        async throws(StoreError) -> (now: Int, answers: [Settled])
    {
        let batch = SettleBatch(settlements)
        var arguments = arguments(capacity: batch.byteCount)
        arguments.append(incarnation.number)
        arguments.append(Limits.cancelledTTL)
        batch.write(settlements, to: &arguments)
        var (_, reader) = try await call(.settle, arguments, timeout: timeout)
        return try read { () throws(RedisError) in
            let now = try reader.integer()
            var answers = [Settled](repeating: .ok, count: settlements.count)
            if !reader.isAtEnd {
                for (position, word) in try reader.exceptions() {
                    answers[batch.order[position - 1]] = Settled(rawValue: word) ?? .gone
                }
            }
            return (now, answers)
        }
    }
}

/// The order in which the script takes settlements: runs of successes with one token and one time to live, which nearly
/// all of a batch are, then the other groups.
private struct SettleBatch {
    /// Where each place of the script is in the list of settlements.
    private(set) var order: [Int] = []
    /// How long each run of successes is.
    private var runs: [Int] = []
    /// How many there are of each other group.
    private var counts = [Int](repeating: 0, count: 5)
    /// About how many bytes it takes on the wire.
    private(set) var byteCount = 160

    private struct Run: Hashable {
        var token: Int
        var ttl: Int
    }

    init(_ settlements: [Settlement]) {
        var successes: [(run: Run, members: [Int])] = []
        var groups = [[Int]](repeating: [], count: 5)
        for (index, settlement) in settlements.enumerated() {
            byteCount += settlement.byteCount
            switch settlement.disposition {
            case .done(let ttl, _):
                let run = Run(token: settlement.token.number, ttl: ttl)
                // Few claims are under way at a time: the run is one of the last.
                if let place = successes.lastIndex(where: { $0.run == run }) {
                    successes[place].members.append(index)
                } else {
                    successes.append((run, [index]))
                }
            case .retry: groups[0].append(index)
            case .front: groups[1].append(index)
            case .suspect: groups[2].append(index)
            case .dead: groups[3].append(index)
            case .cancelled: groups[4].append(index)
            }
        }
        order.reserveCapacity(settlements.count)
        for success in successes {
            runs.append(success.members.count)
            order += success.members
        }
        for (place, group) in groups.enumerated() {
            counts[place] = group.count
            order += group
        }
    }

    func write(_ settlements: [Settlement], to arguments: inout Arguments) {
        arguments.append(runs.count)
        for count in counts { arguments.append(count) }
        var rest = order[...]
        for count in runs {
            let run = rest.prefix(count)
            rest = rest.dropFirst(count)
            let first = settlements[run[run.startIndex]]
            guard case .done(let ttl, _) = first.disposition else { continue }
            arguments.append(first.token.number)
            arguments.append(ttl)
            arguments.append(count)
            for index in run { arguments.append(settlements[index].id) }
            for index in run {
                if case .done(_, let result) = settlements[index].disposition { arguments.append(bytes: result) }
            }
        }
        for index in rest { settlements[index].write(to: &arguments) }
    }
}

extension Settlement {
    /// Anything but a success.
    fileprivate func write(to arguments: inout Arguments) {
        arguments.append(id)
        arguments.append(token.number)
        switch disposition {
        case .done: preconditionFailure("successes are written in runs")
        case .retry(let due, let priority, let record, let entry),
            .suspect(let due, let priority, let record, let entry):
            arguments.append(due.wire)
            arguments.append(priority.value)
            arguments.append(record: record, entry)
        case .front(let priority, let record, let entry):
            arguments.append(priority.value)
            arguments.append(record: record, entry)
        case .dead(let ttl, let record, let entry, let group):
            arguments.append(ttl)
            arguments.append(record: record, entry)
            arguments.append(group.description)
        case .cancelled(let record, let entry):
            arguments.append(record: record, entry)
        }
    }
}

extension Arguments {
    /// Three arguments: record, slot of the history, entry.
    fileprivate mutating func append(record: RunRecord?, _ entry: ErrorEntry?) {
        if let record { append(bytes: record.encoded()) } else { append("") }
        append(ErrorEntry.slot(number: entry?.number ?? 1))
        if let entry { append(bytes: entry.encoded()) } else { append("") }
    }
}
