import JobModel
import Redis
import TestSupport
import Testing

@testable import JobStore

/// The header of each script is a contract: what it says is what the script does.
@Suite(.timeLimit(.minutes(1))) struct ContractTests {
    @Test(arguments: StoreScript.allCases)
    func `a header says what the script is for`(script: StoreScript) {
        let file = ScriptFile(script)
        #expect(file.lines[1].hasPrefix("-- \(script).lua: "))
        #expect(file.lines[1].hasSuffix(".") || file.lines[2].hasPrefix("-- "))
        #expect(file.header.contains { $0.hasPrefix("-- Answers {'ok', now_ms") })
        #expect(file.header.last?.hasPrefix("-- uses:") == true)
        #expect(file.lines[file.header.count + 1].isEmpty)
    }

    @Test(arguments: StoreScript.allCases)
    func `what takes jobs in stops at the limit of memory, everything else goes on`(script: StoreScript) {
        let expected =
            switch script {
            case .enqueue, .intake, .requeue, .edit, .restore: "#!lua"
            case .snapshot, .inspect, .inbox, .list, .groups, .grouped: "#!lua flags=no-writes,allow-oom"
            default: "#!lua flags=allow-oom"
            }
        #expect(ScriptFile(script).lines[0] == expected)
        #expect(script.compiled.script.source.hasPrefix(expected + "\n"))
    }

    @Test(arguments: StoreScript.allCases)
    func `keys are numbered from 1, each once, with their type`(script: StoreScript) {
        let file = ScriptFile(script)
        #expect(file.keys.map(\.number) == Array(1...file.keys.count))
        #expect(Set(file.keys.map(\.key)).count == file.keys.count)
        #expect(file.keys.map(\.key) == script.compiled.keys)
        for declared in file.keys { #expect(declared.type == "\(declared.key.kind)".uppercased()) }
    }

    @Test(arguments: StoreScript.allCases)
    func `each declared key is used, and no other`(script: StoreScript) {
        let file = ScriptFile(script)
        for key in Key.allCases {
            let declared = file.keys.first { $0.key == key }
            let isUsed = file.words.contains(key.variable) || (declared?.number ?? 99) <= file.loopedKeys
            #expect(isUsed == (declared != nil), "\(key)")
        }
    }

    @Test(arguments: StoreScript.allCases)
    func `a key that is only read is never written`(script: StoreScript) {
        let file = ScriptFile(script)
        for declared in file.keys where declared.meaning.hasPrefix("read") {
            for command in file.commands where command.key == declared.key.variable {
                #expect(!Self.writes.contains(command.name), "\(command.name) \(command.key)")
            }
        }
    }

    @Test(arguments: StoreScript.allCases)
    func `a key that is not only read is written`(script: StoreScript) {
        let file = ScriptFile(script)
        for declared in file.keys where !declared.meaning.hasPrefix("read") {
            let isWritten = file.commands.contains { $0.key == declared.key.variable && Self.writes.contains($0.name) }
            // An index that is written through a variable stands in a list in braces.
            let isListed = file.code.contains { $0.contains("in ipairs({") && $0.contains(declared.key.variable) }
            let isSource = file.code.contains { $0.contains("source") && $0.contains(declared.key.variable) }
            let isIndex = file.code.contains { $0.contains("local index =") && $0.contains(declared.key.variable) }
            #expect(isWritten || isListed || isSource || isIndex, "\(declared.key)")
        }
    }

    @Test(arguments: StoreScript.allCases)
    func `every argument is described`(script: StoreScript) {
        let file = ScriptFile(script)
        let single = file.arguments.filter { !$0.isRest }.map(\.number)
        #expect(single.first == 1)
        #expect(single == Array(1...single.count))
        for used in file.usedArguments {
            #expect(
                single.contains(used) || file.arguments.contains { $0.isRest && used >= $0.number }, "ARGV[\(used)]")
        }
        if let rest = file.arguments.first(where: \.isRest) { #expect(rest.number == single.count + 1) }
        for number in single { #expect(file.usedArguments.contains(number), "ARGV[\(number)] is not used") }
    }

    private static let reads: Set<String> = [
        "EXISTS", "HEXISTS", "HGET", "HGETALL", "HLEN", "HMGET", "TIME", "XLEN", "XRANGE", "ZCARD", "ZCOUNT",
        "ZLEXCOUNT", "ZMSCORE",
        "ZRANGE", "ZSCORE",
    ]
    private static let writes: Set<String> = [
        "HDEL", "HINCRBY", "HSET", "HSETNX", "PEXPIRE", "XADD", "XDEL", "ZADD", "ZREM", "ZREMRANGEBYRANK",
    ]

    @Test(arguments: StoreScript.allCases)
    func `only commands whose cost is known are used`(script: StoreScript) {
        let file = ScriptFile(script)
        #expect(!file.commands.isEmpty)
        for command in file.commands {
            #expect(Self.reads.union(Self.writes).contains(command.name), "\(command.name)")
        }
        // Of what a few people wrote, and of members: never of jobs.
        if ![.snapshot, .order].contains(script) { #expect(!file.commands.contains { $0.name == "HGETALL" }) }
        let calls = file.code.reduce(0) { $0 + $1.matches(of: #/redis\.p?call\(/#).count }
        #expect(calls == file.commands.count, "a command that is no literal")
    }

    @Test(arguments: StoreScript.allCases)
    func `nothing that loses digits or hides errors is used`(script: StoreScript) {
        let forbidden = [
            "cjson", "cmsgpack", "struct", "bit", "tostring", "pcall", "xpcall", "loadstring", "random", "os",
        ]
        for word in forbidden { #expect(!ScriptFile(script).words.contains(word), "\(word)") }
    }

    @Test(arguments: StoreScript.allCases)
    func `no error is passed over but that of telling what happened`(script: StoreScript) {
        let file = ScriptFile(script)
        let ignored = file.code.filter { $0.contains("redis.pcall(") }
        #expect(ignored.allSatisfy { $0.hasPrefix("redis.pcall('XADD', events, 'NOMKSTREAM', ") })
        #expect(ignored.count == (file.header.last?.contains("tell") == true ? 1 : 0))
    }

    @Test(arguments: StoreScript.allCases)
    func `all keys of a script are in one slot`(script: StoreScript) throws {
        var seed = Seed("slots \(script)")
        let letters = Array("ABCXYZabcxyz0189._-")
        for _ in 0..<50 {
            let length = Int.random(in: 1...64, using: &seed)
            let queue = try QueueName(String((0..<length).map { _ in letters.randomElement(using: &seed)! }))
            let slots = script.compiled.keys.map { slot(of: $0.name(in: queue)) }
            #expect(Set(slots).count == 1)
            #expect(slots.first == slot(of: queue.text))
        }
    }

    @Test func `slots are computed as Redis does`() {
        #expect(slot(of: "123456789") == 0x31C3)
        #expect(slot(of: "jq:{default}:jobs") == slot(of: "{default}"))
        #expect(slot(of: "a{}b") == crc16(Array("a{}b".utf8)) % 16384)
    }

    @Test func `no two scripts are the same, and a hash is forty digits`() {
        let hashes = StoreScript.allCases.map(\.compiled.script.sha1)
        #expect(Set(hashes).count == hashes.count)
        #expect(hashes.allSatisfy { $0.count == 40 && $0.allSatisfy(\.isHexDigit) })
    }

    @Test(arguments: StoreScript.allCases)
    func `Redis computes the same hash`(script: StoreScript) async throws {
        let client = try await TestQueue.sharedClient()
        let sha1 = try await client.send(.init("SCRIPT", "LOAD", script.compiled.script.source)).string()
        #expect(sha1 == script.compiled.script.sha1)
    }
}
