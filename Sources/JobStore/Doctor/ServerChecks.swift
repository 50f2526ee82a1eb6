import JobModel

/// What `INFO` alone tells, at every start and in `doctor`.
extension ServerFacts {
    /// In the order of the page.
    package static let checks = [version, role, cluster, replicas, eviction, memory, persistence]

    static let version = Check<ServerFacts>("version") { facts in
        let name = "\(facts.product) \(facts.version)"
        if facts.version.isEmpty {
            return .unknown("the server does not say its version", "look by hand: Redis 7.0 or Valkey 7.2, or newer")
        }
        if facts.isTooOld {
            let needed = "needs Redis 7.0 or Valkey 7.2 or newer"
            return .fail("\(name) is too old; this queue \(needed)", "upgrade the server", .version)
        }
        return .ok(name + Releases.remark(facts.product, facts.numbers))
    }

    static let role = Check<ServerFacts>("role") { facts in
        switch facts.role {
        case "slave":
            let link = facts.masterLink == "down" ? ", and its link to the primary is down" : ""
            return .fail("this server is a replica\(link)", "point the URL at the primary", .replica)
        case "master": return .ok("primary")
        default: return .unknown("the server does not say its role", "look by hand: it must be a primary")
        }
    }

    static let cluster = Check<ServerFacts>("cluster") { facts in
        guard facts.isCluster else { return .ok("no cluster") }
        if facts.clusterSize == 1 { return .ok("a cluster of one node, which holds every key") }
        let nodes = facts.clusterSize.map { "of \($0) nodes" } ?? "that is not whole, or may not be looked at"
        return .fail(
            "one node of a cluster \(nodes); redirections (MOVED) are not followed, so queues of other nodes fail",
            "point the URL at a server without cluster mode", .cluster)
    }

    static let replicas = Check<ServerFacts>("replicas") { facts in
        let count = facts.replicas == 1 ? "1 replica" : "\(facts.replicas) replicas"
        if facts.goodReplicas == 0 { return unmet("\(count), none of them in step, and min-replicas-to-write is set") }
        return .ok(facts.role == "slave" ? "not asked of a replica" : count)
    }

    /// Writes are refused with NOREPLICAS.
    static func unmet(_ seen: String) -> Verdict {
        .fail(
            "\(seen), so Redis refuses writes (NOREPLICAS)",
            "start replicas, or run: redis-cli CONFIG SET min-replicas-to-write 0")
    }

    static let eviction = Check<ServerFacts>("eviction") { facts in
        let policy = facts.evictionPolicy
        if policy.isEmpty {
            return .unknown("the server does not say its maxmemory-policy", "look by hand: it must be noeviction")
        }
        if policy == "noeviction" { return .ok("noeviction") }
        return .fail(
            "maxmemory-policy is \(policy), so Redis may delete jobs",
            "run: redis-cli CONFIG SET maxmemory-policy noeviction", .eviction)
    }

    static let memory = Check<ServerFacts>("memory") { facts in
        let (limit, used) = (facts.maxMemory, Size.text(facts.usedMemory))
        guard limit > 0 else {
            let system = facts.systemMemory
            guard system > 0 else { return .ok("\(used) used, no maxmemory") }
            let seen = "\(used) used of the machine's \(Size.text(system)), no maxmemory"
            guard facts.usedMemory >= system / 10 * 8 else { return .ok(seen) }
            return .warn(seen, "set maxmemory below the machine's memory, or give it more")
        }
        let cure = "more workers, or more memory: redis-cli CONFIG SET maxmemory BYTES"
        if facts.usedMemory >= limit {
            return .warn("\(used) used of maxmemory \(Size.text(limit)): enqueue is refused", cure)
        }
        let seen = "\(used) used of maxmemory \(Size.text(limit)) (\(facts.usedMemory * 100 / limit)%)"
        return facts.usedMemory >= limit / 10 * 8 ? .warn(seen, cure) : .ok(seen)
    }

    static let persistence = Check<ServerFacts>("persistence") { facts in facts.persistence(snapshots: nil) }

    /// `snapshots` is what `CONFIG GET save` says, nil where nobody asked.
    func persistence(snapshots: String?) -> Verdict {
        if version.isEmpty { return .unknown("the server does not say whether it keeps its data", "look by hand") }
        if hasAOF { return .ok("append-only file") }
        let loss =
            switch snapshots {
            case nil: "a crash of Redis loses jobs"
            case "": "nothing is kept on disk, so a restart of Redis loses all jobs"
            case let points?: "a crash of Redis loses the jobs since its last snapshot (save \(points))"
            }
        return .warn("no append-only file: \(loss)", "set appendonly yes, appendfsync everysec")
    }

    /// The parts of the version, as far as they are numbers.
    private var numbers: [Int] {
        var numbers: [Int] = []
        for part in version.split(separator: ".") {
            guard let number = Int(part) else { break }
            numbers.append(number)
        }
        return numbers
    }

    private var isTooOld: Bool {
        guard let major = numbers.first else { return false }
        return major < 7 || (product == "valkey" && major == 7 && (numbers.dropFirst().first ?? 0) < 2)
    }
}

/// Releases that closed holes in the memory of Lua, which runs our scripts: CVE-2025-49844, -46817, -46818, -46819, and
/// before them CVE-2024-46981.
enum Releases {
    /// The first patch of each branch with all of them closed; nil where its maintainers never made one.
    private static let closed: [String: [(major: Int, minor: Int, patch: Int?)]] = [
        "redis": [(7, 0, nil), (7, 2, 11), (7, 4, 6), (8, 0, 4), (8, 2, 2)],
        "valkey": [(7, 2, 11), (8, 0, 6), (8, 1, 4)],
    ]

    /// A remark and no warning: distributions close holes without another number, so nobody can tell from here.
    static func remark(_ product: String, _ version: [Int]) -> String {
        guard version.count >= 2,
            let branch = closed[product]?.first(where: { $0.major == version[0] && $0.minor == version[1] })
        else { return "" }
        let known = "known holes in its Lua (CVE-2025-49844 and before), unless the distribution closed them"
        guard let patch = branch.patch else { return "; \(known)" }
        return version.count > 2 && version[2] < patch
            ? "; \(known): \(branch.major).\(branch.minor).\(patch) has none of them" : ""
    }
}

/// Bytes as people read them, in units of 1,024.
enum Size {
    static func text(_ bytes: Int) -> String {
        let units: [(String, Int)] = [("G", 1 << 30), ("M", 1 << 20), ("K", 1 << 10)]
        guard let (name, unit) = units.first(where: { bytes >= $0.1 }) else { return "\(bytes)B" }
        return "\(bytes / unit).\(bytes % unit * 10 / unit)\(name)"
    }
}
