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
}

/// One queue in numbers, at one moment.
package struct QueueSnapshot: Sendable, Equatable {
    package var name: QueueName
    package var now: Int
    package var counts: [JobState: Int]
    /// Ids remembered beyond their jobs.
    package var remembered: Int
    package var inbox: Int
    /// When the first job in line was made, ms; nil when unknown or none waits.
    package var firstCreatedMs: Int?
    /// When it could have started first, ms; nil likewise.
    package var firstReadyMs: Int?
    package var nextDue: Int?
    /// Format, totals, clock: as stored.
    package var meta: [String: String]
    package var workers: [Worker]
    /// Jobs that are due, and that no worker has moved to the line yet.
    package var overdue = 0

    package struct Worker: Sendable, Equatable {
        package var incarnation: Incarnation
        /// Negative: condemned.
        package var deadline: Double
        /// JSON that the worker says of itself; empty before its first beat.
        package var about: ArraySlice<UInt8>
        /// Jobs that it holds: those that run, and the few that wait for a slot.
        package var held: Int
    }

    /// What workers have to do now: how many of them there should be depends on it.
    package var backlog: Int { count(.queued) + count(.running) + overdue + inbox }
    package var isPaused: Bool { meta["paused"] == "1" }
    /// Who paused it, in printable text; nil where nobody did, or it was not said.
    package var pausedBy: String? { note("paused_by") }
    /// Why, in printable text.
    package var pausedReason: String? { note("paused_reason") }
    /// Since when, ms since 1970.
    package var pausedAt: Int? { isPaused ? meta["paused_at"].flatMap { Int($0) } : nil }
    /// Whatever somebody wrote there.
    private func note(_ field: String) -> String? {
        guard isPaused, let text = meta[field], !text.isEmpty else { return nil }
        return Printable.oneLine(text, limit: QueueStore.noteLimit)
    }
    package func count(_ state: JobState) -> Int { counts[state] ?? 0 }
    package func total(_ name: String) -> Int { meta[name].flatMap { Int($0) } ?? 0 }
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
            for id in ids { jobs.append(try Self.view(of: id, &reader, full: full)) }
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

    /// The whole queue in numbers, in one round trip whose cost does not grow with the number of jobs.
    package func snapshot(timeout: Duration? = nil) async throws(StoreError) -> QueueSnapshot {
        var (_, reader) = try await call(.snapshot, arguments(), timeout: timeout)
        return try read { () throws(RedisError) in
            var snapshot = QueueSnapshot(
                name: name, now: try reader.integer(), counts: [:], remembered: 0, inbox: 0, meta: [:], workers: [])
            for state in Self.indexOrder { snapshot.counts[state] = try reader.integer() }
            snapshot.remembered = try reader.integer()
            snapshot.inbox = try reader.integer()
            let first = try? Envelope(parsing: try reader.bytes())
            snapshot.firstCreatedMs = first?.createdMs
            snapshot.firstReadyMs = first?.readyMs
            let due = try reader.integer()
            snapshot.nextDue = due < 0 ? nil : due
            for _ in 0..<(try reader.array() / 2) { snapshot.meta[try reader.string()] = try reader.string() }
            snapshot.workers = try Self.workers(&reader)
            snapshot.overdue = try reader.integer()
            return snapshot
        }
    }

    private static func workers(_ reader: inout ReplyReader) throws(RedisError) -> [QueueSnapshot.Worker] {
        var deadlines: [(Int, Double)] = []
        for _ in 0..<(try reader.array() / 2) {
            deadlines.append((try reader.integer(), Double(try reader.string()) ?? 0))
        }
        var about: [Int: ArraySlice<UInt8>] = [:]
        for _ in 0..<(try reader.array() / 2) { about[try reader.integer()] = try reader.bytes() }
        _ = try reader.array()
        return try deadlines.map { number, deadline throws(RedisError) in
            QueueSnapshot.Worker(
                incarnation: Incarnation(number), deadline: deadline, about: about[number] ?? [],
                held: try reader.integer())
        }
    }
}
