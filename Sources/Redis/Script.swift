/// A Lua script that runs inside the server.
package struct Script: Sendable {
    /// A name for logs and errors.
    package let name: String
    /// The Lua source.
    package let source: String
    /// The SHA-1 of the source in 40 lower-case hexadecimal digits, by which the server remembers it.
    package let sha1: String

    package init(name: String, source: String, sha1: String) {
        self.name = name
        self.source = source
        self.sha1 = sha1
    }

    private func command(_ name: String, _ body: String, _ keys: [String], _ arguments: Arguments) -> Command {
        let size = keys.reduce(body.utf8.count + arguments.byteCount + 32) { $0 + $1.utf8.count + 16 }
        var all = Arguments(capacity: size)
        all.append(body)
        all.append(keys.count)
        for key in keys { all.append(key) }
        all.append(contentsOf: arguments)
        return Command(name, all)
    }

    /// The call that names the script by its hash.
    func byHash(_ keys: [String], _ arguments: Arguments) -> Command { command("EVALSHA", sha1, keys, arguments) }

    /// The call that brings the source along, after which the server knows the hash.
    func bySource(_ keys: [String], _ arguments: Arguments) -> Command { command("EVAL", source, keys, arguments) }
}

/// Hears how long a script took, from the call until its answer was there, and whether there was one.
package typealias ScriptObserver = @Sendable (_ script: Script, _ took: Duration, _ isAnswered: Bool) -> Void

extension RedisClient {
    /// Runs a script. A server that does not know it yet, or has forgotten it in a restart, is sent the source.
    ///
    /// `timeout` holds for each of the two sendings. Throws what `send` throws, and `RedisError.script` when the script
    /// itself failed.
    package func evaluate(
        _ script: Script, keys: [String], arguments: Arguments = Arguments(), timeout: Duration? = nil
    ) async throws(RedisError) -> Reply {
        try await timing(script) { () throws(RedisError) in
            do throws(RedisError) {
                return try await send(script.byHash(keys, arguments), timeout: timeout)
            } catch {
                guard error == .noScript else { throw error }
                return try await send(script.bySource(keys, arguments), timeout: timeout)
            }
        }
    }

    private func timing<T>(
        _ script: Script, _ call: () async throws(RedisError) -> T
    ) async throws(RedisError) -> T {
        guard let onScript else { return try await call() }
        let start = ContinuousClock.now
        do throws(RedisError) {
            let answer = try await call()
            onScript(script, .now - start, true)
            return answer
        } catch {
            onScript(script, .now - start, false)
            throw error
        }
    }

    /// Runs a script with another command right behind it, in the same write, and answers both. Others' commands may run
    /// between the two.
    ///
    /// Throws what `evaluate` throws; what became of the other command is for the caller to look at.
    package func evaluate(
        _ script: Script, keys: [String], arguments: Arguments, then next: Command, timeout: Duration? = nil
    ) async throws(RedisError) -> (reply: Reply, next: Result<Reply, RedisError>) {
        try await timing(script) { () throws(RedisError) in
            var replies = try await pipeline([script.byHash(keys, arguments), next], timeout: timeout)
            if replies[0] == .failure(.noScript) {
                replies = try await pipeline([script.bySource(keys, arguments), next], timeout: timeout)
            }
            return (try replies[0].get(), replies[1])
        }
    }

    /// Runs a script and calls `completion` on the event loop, with what `evaluate` answers or throws. Like `submit`,
    /// it does not wait for room.
    package func submit(
        evaluating script: Script, keys: [String], arguments: Arguments = Arguments(), timeout: Duration? = nil,
        completion: @escaping @Sendable (Result<Reply, RedisError>) -> Void
    ) {
        let start = onScript.map { _ in ContinuousClock.now }
        let done: @Sendable (Result<Reply, RedisError>) -> Void = { [onScript] result in
            if let start { onScript?(script, .now - start, (try? result.get()) != nil) }
            completion(result)
        }
        submit(script.byHash(keys, arguments), timeout: timeout) { [self] result in
            guard result == .failure(.noScript) else { return done(result) }
            submit(script.bySource(keys, arguments), timeout: timeout, completion: done)
        }
    }
}
