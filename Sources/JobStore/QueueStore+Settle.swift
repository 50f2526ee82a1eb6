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
        case .done(_, let result): 96 + result.count
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
        var groups = [[Int]](repeating: [], count: 6)
        var size = 128
        for (index, settlement) in settlements.enumerated() {
            groups[settlement.disposition.group].append(index)
            size += settlement.byteCount
        }
        var arguments = arguments(capacity: size)
        arguments.append(incarnation.number)
        arguments.append(Limits.cancelledTTL)
        for group in groups { arguments.append(group.count) }
        for index in groups.joined() { settlements[index].write(to: &arguments) }
        var (_, reader) = try await call(.settle, arguments, timeout: timeout)
        return try read { () throws(RedisError) in
            let now = try reader.integer()
            var answers = [Settled](repeating: .ok, count: settlements.count)
            if !reader.isAtEnd {
                let order = Array(groups.joined())
                for (position, word) in try reader.exceptions() {
                    answers[order[position - 1]] = Settled(rawValue: word) ?? .gone
                }
            }
            return (now, answers)
        }
    }
}

extension Disposition {
    /// The position of its group in the script's arguments.
    fileprivate var group: Int {
        switch self {
        case .done: 0
        case .retry: 1
        case .front: 2
        case .suspect: 3
        case .dead: 4
        case .cancelled: 5
        }
    }
}

extension Settlement {
    fileprivate func write(to arguments: inout Arguments) {
        arguments.append(id)
        arguments.append(token.number)
        switch disposition {
        case .done(let ttl, let result):
            arguments.append(ttl)
            arguments.append(bytes: result)
        case .retry(let due, let priority, let record, let entry),
            .suspect(let due, let priority, let record, let entry):
            arguments.append(due.wire)
            arguments.append(priority.value)
            arguments.append(record: record, entry)
        case .front(let priority, let record, let entry):
            arguments.append(priority.value)
            arguments.append(record: record, entry)
        case .dead(let ttl, let record, let entry):
            arguments.append(ttl)
            arguments.append(record: record, entry)
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
