/// Tokens whose secret was shown and found right, as they were when Redis was asked.
///
/// Only those: whoever guesses ids puts nothing in here.
struct TokenCache: Sendable {
    typealias Instant = ContinuousClock.Instant

    struct Entry: Sendable {
        let record: TokenRecord
        /// When Redis was asked.
        let asked: Instant
        /// When the token expires.
        let ends: Instant?
        /// When its use was last written down.
        let noted: Instant
    }

    /// Uses are written down once a minute.
    static let noteEvery = Duration.seconds(60)

    private let limit: Int
    private var entries: [String: Entry] = [:]

    init(limit: Int = 10_000) { self.limit = limit }

    var count: Int { entries.count }

    /// The token if it was right no longer than `age` ago, and has not expired since.
    func find(_ id: String, _ digest: [UInt8], age: Duration, now: Instant) -> TokenRecord? {
        let entry = entries[id]
        guard TokenRecord.matches(digest, entry?.record), let entry, now - entry.asked <= age else { return nil }
        if let ends = entry.ends, now >= ends { return nil }
        return entry.record
    }

    /// Keeps a token that was found right at `redisNow`, ms. Answers whether its use is to be written down.
    mutating func keep(_ record: TokenRecord, asked: Instant, redisNow: Int) -> Bool {
        let former = entries[record.id]?.noted
        let isDue = former.map { asked - $0 >= Self.noteEvery } ?? true
        makeRoom(for: record.id)
        entries[record.id] = Entry(
            record: record, asked: asked,
            ends: record.rights.expiresMs.map { asked + .milliseconds($0 - redisNow) },
            noted: isDue ? asked : former ?? asked)
        return isDue
    }

    mutating func drop(_ id: String) { entries[id] = nil }

    /// Whoever is left out is asked for again.
    private mutating func makeRoom(for id: String) {
        guard entries.count >= limit, entries[id] == nil,
            let oldest = entries.min(by: { $0.value.asked < $1.value.asked })
        else { return }
        entries[oldest.key] = nil
    }
}
