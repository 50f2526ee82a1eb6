package import JobModel
import Redis

extension QueueStore {
    /// The whole queue in numbers, in one round trip whose cost does not grow with the number of jobs. `series`: with all
    /// samples that are kept, not only those that the rates are made of.
    package func snapshot(series: Bool = false, timeout: Duration? = nil) async throws(StoreError) -> QueueSnapshot {
        var arguments = arguments()
        arguments.append(Limits.deadTTL)
        if series { arguments.append(-1) } else { for window in RateSample.windows { arguments.append(window) } }
        var (_, reader) = try await call(.snapshot, arguments, timeout: timeout)
        return try read { () throws(RedisError) in
            var snapshot = QueueSnapshot(
                name: name, now: try reader.integer(), counts: [:], remembered: 0, inbox: 0, meta: [:], workers: [])
            for state in Self.indexOrder { snapshot.counts[state] = try reader.integer() }
            snapshot.remembered = try reader.integer()
            snapshot.inbox = try reader.integer()
            let inLine = try Self.oldest(&reader, now: snapshot.now)
            snapshot.nextDue = try Self.moment(&reader)
            for _ in 0..<(try reader.array() / 2) { snapshot.meta[try reader.string()] = try reader.string() }
            snapshot.workers = try Self.workers(&reader)
            snapshot.overdue = try reader.integer()
            snapshot.oldestDueMs = [inLine, try Self.moment(&reader)].compactMap(\.self).min()
            snapshot.newlyDead = try reader.integer()
            for _ in 0..<(try reader.array()) {
                if let sample = RateSample(parsing: try reader.string()) { snapshot.samples.append(sample) }
            }
            return snapshot
        }
    }

    private static func moment(_ reader: inout ReplyReader) throws(RedisError) -> Int? {
        let ms = try reader.integer()
        return ms < 0 ? nil : ms
    }

    /// Since when the job has been due that has been due longest, of pairs of envelope and run record.
    private static func oldest(_ reader: inout ReplyReader, now: Int) throws(RedisError) -> Int? {
        var oldest: Int?
        for _ in 0..<(try reader.array() / 2) {
            let envelope = try? Envelope(parsing: try reader.bytes())
            let record = RunRecord(parsing: try reader.bytes())
            guard let due = dueSince(envelope, record, now: now) else { continue }
            oldest = min(oldest ?? due, due)
        }
        return oldest
    }

    /// Since when a job in line could have been started, ms; nil when unknown. After a run that is when it came back, or the
    /// end of the wait that was decided then; unless that has not come, because a person had it run at once.
    package static func dueSince(_ envelope: Envelope?, _ record: RunRecord, now: Int) -> Int? {
        let due = max(envelope?.readyMs ?? 0, record.at, record.due <= now ? record.due : 0)
        return due > 0 ? due : nil
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
