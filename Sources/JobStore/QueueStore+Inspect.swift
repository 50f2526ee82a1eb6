package import JobModel
import Redis

/// One job as it was at one moment.
package struct JobView: Sendable {
    package var id: String
    /// nil: unknown, or ended and only its id is remembered.
    package var state: JobState?
    /// The id is remembered although the job is gone.
    package var isRemembered = false
    /// Cancellation was asked of the current run.
    package var isAsked = false
    /// The score in the state's index: a due time × 10 + priority, a token, or a time to forget.
    package var score: Double?
    /// The same as Redis writes it, to the last digit.
    package var scoreText: String?
    package var record = RunRecord()
    /// The record's bytes as stored; empty when there is none.
    package var recordBytes: ArraySlice<UInt8> = []
    package var result: ResultRecord?
    /// Empty when only the short view was asked for, or the envelope is gone.
    package var envelope: ArraySlice<UInt8> = []
    /// By number.
    package var errors: [ErrorEntry] = []
    /// The envelope was asked for, so there is a `version`.
    package var isFull = false
    /// When that was, ms since 1970; 0 when unknown.
    package var seenMs = 0
}

extension QueueStore {
    /// The states in the order of the scripts' first nine keys.
    static let indexOrder: [JobState] = [
        .queued, .scheduled, .retrying, .blocked, .suspect, .running, .succeeded, .dead, .cancelled,
    ]

    /// Looks at up to 200 jobs; `full` adds envelope and error history.
    package func inspect(_ ids: [String], full: Bool) async throws(StoreError) -> (now: Int, jobs: [JobView]) {
        var arguments = arguments()
        arguments.append(full ? 1 : 0)
        for id in ids { arguments.append(id) }
        var (_, reader) = try await call(.inspect, arguments)
        return try read { () throws(RedisError) in
            let now = try reader.integer()
            var jobs: [JobView] = []
            for id in ids {
                jobs.append(try Self.view(of: id, &reader, full: full))
                jobs[jobs.count - 1].seenMs = now
            }
            return (now, jobs)
        }
    }

    private static func view(of id: String, _ reader: inout ReplyReader, full: Bool) throws(RedisError) -> JobView {
        var view = JobView(id: id)
        _ = try reader.array()
        let position = try reader.integer()
        if position > 0 { view.state = indexOrder[position - 1] }
        view.isRemembered = position == -1
        view.scoreText = try reader.string()
        view.score = view.scoreText.flatMap { Double($0) }
        view.recordBytes = try reader.bytes()
        view.record = RunRecord(parsing: view.recordBytes)
        view.result = ResultRecord(parsing: try reader.bytes())
        view.isAsked = try reader.integer() == 1
        guard full else { return view }
        view.isFull = true
        view.envelope = try reader.bytes()
        for _ in ErrorEntry.slots {
            if let entry = ErrorEntry(parsing: try reader.bytes()) { view.errors.append(entry) }
        }
        view.errors.sort { $0.number < $1.number }
        return view
    }

    /// Ids of one state, by score: dead and finished ones with the newest first.
    package func ids(_ state: JobState, offset: Int, limit: Int) async throws(StoreError) -> [String] {
        var arguments = Arguments()
        arguments.append(state.key.name(in: name))
        arguments.append(offset)
        arguments.append(offset + limit - 1)
        if state.isFinal { arguments.append("REV") }
        return try await ids(Command("ZRANGE", arguments))
    }

    /// Ids of one state with the smallest scores.
    func firstIDs(_ state: JobState, limit: Int) async throws(StoreError) -> [String] {
        try await ids(Command("ZRANGE", state.key.name(in: name), "0", String(limit - 1)))
    }

    private func ids(_ command: Command) async throws(StoreError) -> [String] {
        let reply: Reply
        do throws(RedisError) { reply = try await client.send(command) } catch { throw .redis(error) }
        var reader = reply.reader
        return try read { () throws(RedisError) in
            var ids: [String] = []
            for _ in 0..<(try reader.array()) { ids.append(try reader.string()) }
            return ids
        }
    }

    /// The (id, token) pairs that an incarnation holds.
    package func held(by incarnation: Incarnation) async throws(StoreError) -> [Beat.Asked] {
        let range = incarnation.tokens
        let command = Command(
            "ZRANGE", Key.running.name(in: name), String(range.lowerBound), String(range.upperBound), "BYSCORE",
            "WITHSCORES")
        let reply: Reply
        do throws(RedisError) { reply = try await client.send(command) } catch { throw .redis(error) }
        var reader = reply.reader
        return try read { () throws(RedisError) in
            var held: [Beat.Asked] = []
            for _ in 0..<(try reader.array() / 2) {
                held.append(Beat.Asked(id: try reader.string(), token: Token(try reader.integer())))
            }
            return held
        }
    }
}
