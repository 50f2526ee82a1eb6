import Crypto
import HTTPTypes
import JobModel

/// The header `Idempotency-Key`: one key makes one job, however often the request is sent.
///
/// The job's id is made from the token, the queue and the key, so the key is stored by the very script that stores the job:
/// there is no moment in which one is there without the other, and nothing "in progress". Both spellings are taken: the
/// quoted string of the draft (draft-ietf-httpapi-idempotency-key-header) and the bare word that most clients send.
struct IdempotencyKey {
    /// How long a key is remembered, in ms: a day.
    static let memoryMs = 86_400_000

    var text: String

    init(text: String) { self.text = text }

    /// Nil without the header. Throws `invalidRequest` for a key that is none.
    init?(_ headers: HTTPFields) throws(Problem) {
        let values = headers[values: .idempotencyKey]
        guard let value = values.first else { return nil }
        var key = Substring(value)
        if key.count >= 2, key.hasPrefix("\""), key.hasSuffix("\"") { key = key.dropFirst().dropLast() }
        guard values.count == 1, Names.isIdempotencyKey(String(key)) else {
            throw Problem(.invalidRequest, "Idempotency-Key must be 1 to 255 visible ASCII characters, once")
        }
        text = String(key)
    }

    /// The id of the job that this key makes, for one caller and queue. `part` tells the jobs of one request apart.
    func jobID(caller: String, queue: QueueName, part: Int = 0) -> String {
        var hash = SHA256()
        for text in [caller, queue.text, text, String(part)] { hash.update(data: Array(text.utf8) + [0]) }
        return "k-" + Self.hex(hash.finalize().prefix(16))
    }

    /// What tells two requests under one key apart.
    static func digest(_ body: some Collection<UInt8>) -> String { hex(SHA256.hash(data: Array(body)).prefix(16)) }

    private static func hex(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
