import JobModel
import Redis

/// What it takes to find out whether a change is written down.
package struct Receipt: Sendable {
    /// Connections that had been lost before the change was sent.
    let losses: Int
    /// What Redis said of its append-only file right behind the change.
    let answer: Result<Reply, RedisError>
}

extension QueueStore {
    /// Twenty milliseconds are little beside an fsync that is worth waiting for.
    private static let longestPause = Duration.milliseconds(20)

    /// Runs a script, and asks in the same write whether what it does is written down: `confirm` waits until it is.
    func noted(
        _ script: StoreScript, _ arguments: Arguments, timeout: Duration? = nil
    ) async throws(StoreError) -> (reader: ReplyReader, receipt: Receipt) {
        let losses = client.losses
        let (reply, answer): (Reply, Result<Reply, RedisError>)
        do throws(RedisError) {
            (reply, answer) = try await client.evaluate(
                script.compiled.script, keys: keys(of: script), arguments: arguments, then: Self.question,
                timeout: timeout)
        } catch { throw .redis(error) }
        return (try Self.open(reply).reader, Receipt(losses: losses, answer: answer))
    }

    /// Runs a script, and returns when what it did is written down.
    func confirmed(_ script: StoreScript, _ arguments: Arguments) async throws(StoreError) -> ReplyReader {
        let (reader, receipt) = try await noted(script, arguments)
        try await confirm(receipt)
        return reader
    }

    /// Returns when the change is in the append-only file, so that it survives the end of Redis; at once where there is no
    /// such file. Usually that is known already: only while Redis waits for its disk (`appendfsync everysec`) does this ask
    /// again, first after a millisecond. Everything that was done before the change is then in the file as well.
    ///
    /// `timeout` is by default that of a command. Throws `unwritten` when it is over, and `connectionLost` when the server
    /// may be another one by now: then nobody knows, and the change should be made again.
    package func confirm(_ receipt: Receipt, timeout: Duration? = nil) async throws(StoreError) {
        let deadline = ContinuousClock.now + (timeout ?? client.configuration.commandTimeout)
        var answer = receipt.answer
        var watch = LogWatch()
        var pause = Duration.milliseconds(1)
        while try !Self.isWritten(answer, &watch) {
            let left = deadline - ContinuousClock.now
            guard left > pause else { throw .unwritten }
            await client.pause(pause)
            pause = min(pause * 2, Self.longestPause)
            do throws(RedisError) {
                answer = .success(try await client.send(Self.question, timeout: left - pause))
            } catch { answer = .failure(error) }
        }
        // A server that has started anew knows nothing of what the old one had not written.
        guard client.losses == receipt.losses else { throw .redis(.connectionLost(sent: true)) }
    }

    private static let question = Command("INFO", "persistence", "server")

    private static func isWritten(
        _ answer: Result<Reply, RedisError>, _ watch: inout LogWatch
    ) throws(StoreError) -> Bool {
        switch answer {
        case .success(let reply):
            return watch.isWritten(
                LogSample(
                    info: try read { () throws(RedisError) in
                        var reader = reply.reader
                        return try reader.bytes()
                    }))
        // A long script of somebody else.
        case .failure(.busy): return false
        case .failure(.timedOut): throw .unwritten
        case .failure(let error) where error.isRetryable: throw .redis(.connectionLost(sent: true))
        case .failure(let error): throw .redis(error)
        }
    }
}

extension Store {
    /// How often the connection was lost.
    package var losses: Int { client.losses }

    /// Returns when so many replicas have everything that was written before. `losses` is how often the connection had been
    /// lost then: a new connection's writes say nothing of the old one's.
    ///
    /// It holds up whatever else is asked on this connection. Throws `noReplicas` when fewer have it in time.
    package func replicate(to count: Int, since losses: Int, timeout: Duration) async throws(StoreError) {
        let wait = Command("WAIT", String(count), String(max(1, timeout.milliseconds)))
        let reply = try await send(wait, timeout: timeout + .seconds(1))
        let found = try read { () throws(RedisError) in try reply.integer() }
        guard client.losses == losses else { throw .redis(.connectionLost(sent: true)) }
        guard found >= count else { throw .redis(.noReplicas) }
    }
}
