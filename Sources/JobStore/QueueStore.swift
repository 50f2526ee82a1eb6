package import JobModel
package import Redis

/// One queue: the only code that changes or reads stored jobs. Each method is one script and one round trip, except where
/// it says otherwise.
///
/// Every call may be repeated after an unknown outcome: the scripts leave the same state when the same call comes twice.
package struct QueueStore: Sendable {
    package let name: QueueName
    package let client: RedisClient
    /// nil: Redis' own clock. Tests put the time here.
    package var fixedTime: Int?
    private let keys: [[String]]

    package init(_ name: QueueName, client: RedisClient) {
        self.name = name
        self.client = client
        keys = StoreScript.allCases.map { script in script.compiled.keys.map { $0.name(in: name) } }
    }

    /// Most jobs of one call of a batched script.
    package static let batchLimit = 1000
    /// Most bytes of envelopes of one call.
    package static let batchBytes = 1 << 20

    /// The same queue at another time: for tests.
    package func at(_ ms: Int) -> QueueStore {
        var other = self
        other.fixedTime = ms
        return other
    }

    /// The arguments that every script begins with.
    func arguments(capacity: Int = 256) -> Arguments {
        var arguments = Arguments(capacity: capacity)
        if let fixedTime { arguments.append(fixedTime) } else { arguments.append("") }
        arguments.append(StoreScript.format)
        return arguments
    }

    /// What to put into `KEYS`, in order.
    func keys(of script: StoreScript) -> [String] { keys[script.rawValue] }

    /// Runs a script and answers a reader placed after the first word, and that word.
    func call(
        _ script: StoreScript, _ arguments: Arguments, timeout: Duration? = nil
    )
        async throws(StoreError) -> (word: String, reader: ReplyReader)
    {
        let reply: Reply
        do throws(RedisError) {
            reply = try await client.evaluate(
                script.compiled.script, keys: keys(of: script), arguments: arguments, timeout: timeout)
        } catch { throw .redis(error) }
        return try Self.open(reply)
    }

    /// The same by callback, on the event loop.
    func submit(
        _ script: StoreScript, _ arguments: Arguments, timeout: Duration?,
        completion: @escaping @Sendable (Result<(word: String, reader: ReplyReader), StoreError>) -> Void
    ) {
        client.submit(
            evaluating: script.compiled.script, keys: keys(of: script), arguments: arguments, timeout: timeout
        ) { result in
            completion(
                result.mapError(StoreError.redis).flatMap { reply in
                    Result { () throws(StoreError) in try Self.open(reply) }
                })
        }
    }

    static func open(_ reply: Reply) throws(StoreError) -> (word: String, reader: ReplyReader) {
        var reader = reply.reader
        let word = try read { () throws(RedisError) in
            _ = try reader.array()
            return try reader.string()
        }
        if word == "format" { throw .foreignFormat((try? reader.string()) ?? "?") }
        return (word, reader)
    }
}

extension ReplyReader {
    /// The (position, word) pairs up to the end; positions count from 1.
    mutating func exceptions() throws(RedisError) -> [(position: Int, word: String)] {
        var pairs: [(position: Int, word: String)] = []
        while !isAtEnd { pairs.append((try integer(), try string())) }
        return pairs
    }
}
