import JobModel
import JobStore

/// The whole state of a queue in the form in which Redis tells it, made from the model: commands to send, and the bytes
/// that must come back.
///
/// For each key Redis is asked for the number of members and for the value of each member that the model knows: if all
/// are equal there is no other member. Neither side has to sort, and equal states are compared as bytes, which makes it
/// possible to do so after every step.
struct StateDigest {
    private(set) var question = ""
    private(set) var expected = ""

    init(_ model: ModelQueue, _ layout: StateLayout) {
        let sections = StateSections(model)
        for (key, names) in zip(Key.allCases, layout.names) {
            switch sections[key] {
            case .hash(let pairs): ask(names.hashCount, names.hashValues, pairs)
            case .sorted(let pairs): ask(names.sortedCount, names.sortedValues, pairs)
            case .stream(let items):
                question += names.streamEntries
                expected += "*\(items.count)\r\n"
                for item in items {
                    expected += "*2\r\n\(Wire.bulk(item.entry))*2\r\n\(Wire.bulk("job"))\(Wire.bulk(item.envelope))"
                }
            case .ignored: break
            case .absent:
                question += names.existence
                expected += ":0\r\n"
            }
        }
    }

    private mutating func ask(_ count: String, _ values: String, _ pairs: StateSections.Pairs) {
        let number = String(pairs.count)
        question += count
        expected += ":"
        expected += number
        expected += "\r\n"
        guard pairs.count > 0 else { return }
        question += "*"
        question += String(pairs.count + 2)
        question += values
        question += pairs.members
        expected += "*"
        expected += number
        expected += "\r\n"
        expected += pairs.values
    }
}

/// What each key must hold.
struct StateSections {
    enum Content {
        case hash(Pairs)
        case sorted(Pairs)
        case stream([ModelQueue.InboxItem])
        case absent
        /// Whatever it is, nothing depends on it.
        case ignored
    }

    /// Members and values as they go over the wire.
    struct Pairs {
        private(set) var count = 0
        private(set) var members = ""
        private(set) var values = ""

        mutating func add(_ member: String, _ value: String) {
            count += 1
            Wire.add(member, to: &members)
            Wire.add(value, to: &values)
        }

        mutating func add(_ member: String, score: Int) {
            add(member, score == ModelJob.forever ? "inf" : String(score))
        }
    }

    private var envelopes = Pairs(), records = Pairs(), results = Pairs(), errors = Pairs(), asked = Pairs()
    private var causes = Pairs(), groups = Pairs()
    private var indexes = [Pairs](repeating: Pairs(), count: JobState.allCases.count)
    private var leases = Pairs(), about = Pairs(), claims = Pairs()
    private var idem = Pairs(), idemUntil = Pairs(), meta = Pairs(), wake = Pairs(), rates = Pairs()
    private let inbox: [ModelQueue.InboxItem]

    init(_ model: ModelQueue) {
        inbox = model.inbox
        for (id, job) in model.jobs { add(id, job) }
        for (incarnation, deadline) in model.leases { leases.add(String(incarnation), score: deadline) }
        for (incarnation, json) in model.about { about.add(String(incarnation), json) }
        for (incarnation, number) in model.claims { claims.add(String(incarnation), String(number)) }
        for (id, memory) in model.remembered {
            idem.add(id, memory.digest)
            idemUntil.add(id, score: memory.until)
        }
        for field in ModelMeta.Field.allCases {
            if let value = model.meta[field] { meta.add(field.name, String(value)) }
        }
        if let note = model.meta.pauseNote {
            meta.add("paused_by", note.by)
            meta.add("paused_reason", note.reason)
        }
        for sample in model.samples { rates.add(sample.text, score: sample.at) }
        if model.isAwake { wake.add("w", score: 0) }
    }

    private mutating func add(_ id: String, _ job: ModelJob) {
        envelopes.add(id, job.envelope)
        indexes[Self.position(job.state)].add(id, score: job.score)
        if let record = job.record { records.add(id, record) }
        if let result = job.result { results.add(id, result) }
        for (slot, entry) in job.errors { errors.add("\(id)/\(slot)", entry) }
        if let cause = job.cause {
            causes.add(id, cause)
            groups.add("\(cause)/\(id)", score: 0)
        }
        if job.isAsked { asked.add(id, score: job.at) }
    }

    subscript(key: Key) -> Content {
        switch key {
        case .jobs: .hash(envelopes)
        case .runs: .hash(records)
        case .results: .hash(results)
        case .errors: .hash(errors)
        case .queued: .sorted(indexes[Self.position(.queued)])
        case .scheduled: .sorted(indexes[Self.position(.scheduled)])
        case .retrying: .sorted(indexes[Self.position(.retrying)])
        case .blocked: .sorted(indexes[Self.position(.blocked)])
        case .suspect: .sorted(indexes[Self.position(.suspect)])
        case .running: .sorted(indexes[Self.position(.running)])
        case .succeeded: .sorted(indexes[Self.position(.succeeded)])
        case .dead: .sorted(indexes[Self.position(.dead)])
        case .cancelled: .sorted(indexes[Self.position(.cancelled)])
        case .causes: .hash(causes)
        case .groups: .sorted(groups)
        case .leases: .sorted(leases)
        case .about: .hash(about)
        case .claims: .hash(claims)
        case .asked: .sorted(asked)
        case .idem: .hash(idem)
        case .idemUntil: .sorted(idemUntil)
        case .inbox: .stream(inbox)
        case .meta: .hash(meta)
        case .wake: .sorted(wake)
        case .rates: .sorted(rates)
        case .events: .ignored
        case .outbox, .orders: .absent
        }
    }

    private static func position(_ state: JobState) -> Int {
        switch state {
        case .scheduled: 0
        case .blocked: 1
        case .queued: 2
        case .running: 3
        case .retrying: 4
        case .suspect: 5
        case .succeeded: 6
        case .dead: 7
        case .cancelled: 8
        }
    }
}

/// The beginnings of the commands for each key of one queue.
struct StateLayout: Sendable {
    struct Names: Sendable {
        var hashCount, hashValues, sortedCount, sortedValues, streamEntries, existence: String
    }

    /// In the order of the keys.
    let names: [Names]

    init(_ queue: QueueName) {
        names = Key.allCases.map { key in
            let name = Wire.bulk(key.name(in: queue))
            return Names(
                hashCount: "*2\r\n\(Wire.bulk("HLEN"))\(name)", hashValues: "\r\n\(Wire.bulk("HMGET"))\(name)",
                sortedCount: "*2\r\n\(Wire.bulk("ZCARD"))\(name)", sortedValues: "\r\n\(Wire.bulk("ZMSCORE"))\(name)",
                streamEntries: "*4\r\n\(Wire.bulk("XRANGE"))\(name)\(Wire.bulk("-"))\(Wire.bulk("+"))",
                existence: "*2\r\n\(Wire.bulk("EXISTS"))\(name)")
        }
    }
}
