import JobModel
import JobStore
import Postgres

/// A row of the outbox, as it was read.
struct OutboxRow: Sendable, Equatable {
    var id: String
    var name: String
    /// JSON, as the caller wrote it.
    var payload: [UInt8]
    /// A JSON object with fields of the stored job.
    var options: [UInt8]
    var delayMs: Int?
    var expiresInMs: Int?
    var runAtMs: Int?
    /// By the clock of Postgres.
    var ageMs: Int

    /// Of what a stored job holds beside the payload, in bytes: as for jobs that are enqueued elsewhere.
    private static let maxOverheadBytes = 64 * 1024
    /// For how long a row's id is remembered at least, in ms: a day. A relay that died between storing a job and deleting its
    /// row has so long to come back.
    static let memoryMs = 86_400_000

    /// The job that the row stands for. The functions that producers call have checked everything; who writes into the table
    /// otherwise has not been checked by anybody.
    ///
    /// - Parameter now: Redis' time, in ms since 1970.
    /// - Throws: why no job can be made of it.
    func job(now: Int, maxPayloadBytes: Int) throws(Envelope.Refusal) -> NewJob {
        guard Names.isID(id) else { throw .init("bad id: use 1 to 64 of the characters A-Z a-z 0-9 ._-:") }
        guard payload.count <= maxPayloadBytes else {
            throw .init("the payload has \(payload.count) bytes, the limit is \(maxPayloadBytes)")
        }
        do throws(JSONScanner.Failure) { try JSONScanner.validate(payload) } catch {
            throw .init("the payload is not JSON: \(error)")
        }
        var envelope = try envelope()
        // Both clocks take part only with the time that passed on them.
        let created = max(0, now - ageMs)
        envelope.createdMs = created
        if let runAtMs {
            envelope.due = .at(ms: min(max(0, runAtMs), Due.latest))
        } else if let delayMs, delayMs > 0 {
            envelope.due = .at(ms: min(created + min(delayMs, Due.latest), Due.latest))
        }
        if let expiresInMs {
            envelope.policy.expiresMs = min(created + min(max(1, expiresInMs), Due.latest), Due.latest)
        }
        let bytes = envelope.encoded()
        guard bytes.count - payload.count <= Self.maxOverheadBytes else {
            throw .init("tags, metadata and backoff take \(bytes.count - payload.count) bytes, the limit is 65536")
        }
        return NewJob(
            id: id, envelope: bytes, priority: envelope.policy.priority, due: envelope.due, rememberMs: Self.memoryMs,
            digest: NewJob.digest(name: envelope.name, payload: payload[...]))
    }

    private func envelope() throws(Envelope.Refusal) -> Envelope {
        do throws(NameError) { try Names.checkName(name, "job name") } catch { throw .init(error.description) }
        guard options.first == UInt8(ascii: "{") else { throw .init("the options are no JSON object") }
        let rest = options.dropFirst()
        let isEmpty = rest.first { $0 != UInt8(ascii: " ") } == UInt8(ascii: "}")
        // The name is a column of its own; should the options have one as well, it is found below.
        let options = Array("{\"name\":\"\(name)\"".utf8) + (isEmpty ? [] : [UInt8(ascii: ",")]) + rest
        var envelope = try Envelope(parsing: options[...])
        guard envelope.name == name, envelope.id == nil, envelope.due == .now, envelope.policy.expiresMs == nil else {
            throw .init("the options hold what has a column of its own")
        }
        guard envelope.tags.count <= 16 else { throw .init("at most 16 tags") }
        envelope.payload = payload[...]
        return envelope
    }
}

extension OutboxRow {
    /// A row of what `take.sql` answers.
    init(_ rows: PostgresResult, _ row: Int) {
        id = rows.text(row, 0) ?? ""
        name = rows.text(row, 1) ?? ""
        payload = rows[row, 2] ?? []
        options = rows[row, 3] ?? []
        delayMs = rows.int(row, 4)
        expiresInMs = rows.int(row, 5)
        runAtMs = rows.int(row, 6)
        ageMs = rows.int(row, 7) ?? 0
    }
}
