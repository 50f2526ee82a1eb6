package import JobModel

/// What Redis says of itself in `INFO`, as far as the queue's promises depend on it.
package struct ServerFacts: Equatable, Sendable {
    /// `redis` or `valkey`.
    package var product = "redis"
    package var version = ""
    package var evictionPolicy = ""
    /// Bytes; 0 without a limit.
    package var maxMemory = 0
    package var usedMemory = 0
    /// Bytes of the machine, 0 when unknown.
    package var systemMemory = 0
    package var hasAOF = false
    package var delayedFsyncs = 0
    /// The last write to the append-only file went well, and the last rewriting of it.
    package var isAOFWritten = true
    package var isAOFRewritten = true
    /// The last snapshot went well.
    package var isSnapshotSaved = true
    package var role = ""
    /// Of a replica: `up` or `down`.
    package var masterLink = ""
    package var replicas = 0
    /// Those in step, where `min-replicas-to-write` asks for some; else nil.
    package var goodReplicas: Int?
    package var isCluster = false
    /// How many nodes of the cluster hold slots; nil when unknown. Not of `INFO`.
    package var clusterSize: Int?
    package var clients = 0
    /// 0 when unknown.
    package var maxClients = 0
    package var uptimeSeconds = 0

    package init(info: String) {
        var fields: [Substring: Substring] = [:]
        for line in info.split(whereSeparator: \.isNewline) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            fields[line[..<colon]] = line[line.index(after: colon)...]
        }
        func number(_ key: Substring) -> Int { fields[key].flatMap { Int($0) } ?? 0 }
        func text(_ key: Substring) -> String { fields[key].map(String.init) ?? "" }
        if fields["valkey_version"] != nil { product = "valkey" }
        version = text("\(product)_version")
        evictionPolicy = text("maxmemory_policy")
        maxMemory = number("maxmemory")
        usedMemory = number("used_memory")
        systemMemory = number("total_system_memory")
        hasAOF = fields["aof_enabled"] == "1"
        delayedFsyncs = number("aof_delayed_fsync")
        func isFine(_ key: Substring) -> Bool { fields[key] ?? "ok" == "ok" }
        isAOFWritten = isFine("aof_last_write_status")
        isAOFRewritten = isFine("aof_last_bgrewrite_status")
        isSnapshotSaved = isFine("rdb_last_bgsave_status")
        role = text("role")
        masterLink = text("master_link_status")
        replicas = number("connected_slaves")
        goodReplicas = fields["min_slaves_good_slaves"].flatMap { Int($0) }
        isCluster = fields["cluster_enabled"] == "1"
        clients = number("connected_clients")
        maxClients = number("maxclients")
        uptimeSeconds = number("uptime_in_seconds")
    }

    /// What is wrong with this server as a home for jobs; empty when nothing is. Start-up and `doctor` say the same, because
    /// these are the same checks.
    package var findings: [Finding] { Self.checks.map { $0.finding(self) }.filter(\.isProblem) }

    /// Why a program must not start here, unless its operator insists.
    package func refusal(allowing risks: Set<ServerRisk>) -> Finding? {
        findings.first { $0.risk.map { !risks.contains($0) } ?? false }
    }
}
