import JobModel

/// One thing that a user of Redis must be permitted to do.
package struct Right: Equatable, Sendable {
    /// A call that needs it, in full, as if it were made.
    let call: [String]
    /// Only `doctor` shows less without it.
    let isExtra: Bool

    /// As `ACL SETUSER` takes it: `+zadd`, `+cluster|info`.
    var rule: String {
        let isSub = ["CLUSTER", "MEMORY", "CONFIG"].contains(call[0])
        return "+" + (isSub ? "\(call[0])|\(call[1])" : call[0]).lowercased()
    }

    init(_ call: [String], isExtra: Bool = false) {
        self.call = call
        self.isExtra = isExtra
    }
}

/// Everything that producers, workers and the commands that look need of Redis, and what of it is missing.
package enum Rights {
    /// All keys there are: of the queues, and of the two registries.
    package static let pattern = "~jq:*"

    /// In one call for each: those that scripts make of their keys, then those that this program makes.
    static func all(in queue: QueueName, database: Int = 0) -> [Right] {
        let key = Key.jobs.name(in: queue)
        let called = onKeys.map { Right([$0.command, key] + $0.rest) }
        let own = [
            ["TIME"], ["INFO"], ["PING"], ["EVAL", "return 1", "1", key], ["EVALSHA", "0", "1", key],
            ["XREAD", "STREAMS", key, "0"],
            ["ZADD", Registry.queues, "0", "a"], ["ZADD", Registry.workers, "0", "a"],
        ]
        return called + (own + (database == 0 ? [] : [["SELECT", "\(database)"]])).map { Right($0) }
            + [["CLUSTER", "INFO"], ["MEMORY", "USAGE", key], ["CONFIG", "GET", "save"]].map {
                Right($0, isExtra: true)
            }
    }

    /// What is called with a key first, and what comes behind the key.
    static let onKeys: [(command: String, rest: [String])] = [
        ("BZPOPMIN", ["0"]), ("EXISTS", []), ("HDEL", ["a"]), ("HEXISTS", ["a"]), ("HGET", ["a"]), ("HGETALL", []),
        ("HINCRBY", ["a", "1"]), ("HLEN", []), ("HMGET", ["a"]), ("HSET", ["a", "b"]), ("HSETNX", ["a", "b"]),
        ("PEXPIRE", ["1"]), ("XADD", ["*", "a", "b"]), ("XDEL", ["1-0"]), ("XLEN", []), ("XRANGE", ["-", "+"]),
        ("ZADD", ["0", "a"]), ("ZCARD", []),
        ("ZCOUNT", ["0", "0"]), ("ZLEXCOUNT", ["-", "+"]), ("ZMSCORE", ["a"]), ("ZRANGE", ["0", "0"]), ("ZREM", ["a"]),
        ("ZREMRANGEBYRANK", ["0", "0"]), ("ZREMRANGEBYSCORE", ["0", "0"]), ("ZSCORE", ["a"]),
    ]

    /// Gives a user all that is needed, and nothing else. `CONFIG GET` is not part of it: it shows passwords, too.
    package static func grant(to user: String) -> String {
        let rights = all(in: .default, database: 1).filter { $0.call[0] != "CONFIG" }
        return line(user, [pattern] + rights.map(\.rule))
    }

    static func line(_ user: String, _ rules: [String]) -> String {
        var once: [String] = []
        for rule in rules where !once.contains(rule) { once.append(rule) }
        return "ACL SETUSER \(user) \(once.joined(separator: " "))"
    }

    /// What is said of the rights that are missing. Whoever may run a script without a key, and none with one, lacks the
    /// keys: then nothing is known of the commands that take one.
    static func verdict(_ missing: [Right], user: String) -> Verdict {
        let needed = missing.filter { !$0.isExtra }
        if needed.contains(where: { $0.call[0] == "EVAL" }) {
            return .fail("the keys jq:* are missing, or some of them", "run: redis-cli \(quoted(grant(to: user)))")
        }
        let rules = needed.map(\.rule)
        if !rules.isEmpty {
            let names = line("", rules).split(separator: " ").dropFirst(2).map { $0.dropFirst() }
            return .fail(
                "not permitted: \(names.joined(separator: " "))", "run: redis-cli \(quoted(line(user, rules)))")
        }
        let extra = missing.map { $0.rule.dropFirst() }.joined(separator: ", ")
        return .ok(extra.isEmpty ? "all there" : "all there, but for \(extra), which only doctor asks for")
    }

    /// For a shell: `~` and `|` mean something there.
    static func quoted(_ line: String) -> String {
        line.split(separator: " ").map { word in
            word.contains { "~|*'\"$&;<>()\\`!#?[]{}".contains($0) }
                ? "'\(word.replacing("'", with: "'\\''"))'" : String(word)
        }.joined(separator: " ")
    }
}
