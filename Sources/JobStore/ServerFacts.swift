/// What Redis says of itself in `INFO`, as far as the queue's promises depend on it.
package struct ServerFacts: Equatable, Sendable {
    /// `redis` or `valkey`.
    package var product = "redis"
    package var version = ""
    package var evictionPolicy = ""
    package var maxMemory = 0
    package var usedMemory = 0
    package var hasAOF = false
    package var delayedFsyncs = 0
    package var role = ""
    package var uptimeSeconds = 0

    package init(info: String) {
        var fields: [Substring: Substring] = [:]
        for line in info.split(whereSeparator: \.isNewline) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            fields[line[..<colon]] = line[line.index(after: colon)...]
        }
        func number(_ key: Substring) -> Int { fields[key].flatMap { Int($0) } ?? 0 }
        if let valkey = fields["valkey_version"] {
            product = "valkey"
            version = String(valkey)
        } else {
            version = fields["redis_version"].map(String.init) ?? ""
        }
        evictionPolicy = fields["maxmemory_policy"].map(String.init) ?? ""
        maxMemory = number("maxmemory")
        usedMemory = number("used_memory")
        hasAOF = fields["aof_enabled"] == "1"
        delayedFsyncs = number("aof_delayed_fsync")
        role = fields["role"].map(String.init) ?? ""
        uptimeSeconds = number("uptime_in_seconds")
    }

    /// One thing about a server that puts jobs at risk.
    package struct Finding: Equatable, Sendable {
        /// Starting must be refused, unless the operator insists.
        package var isFatal: Bool
        /// What is wrong and what to do, in one line.
        package var message: String
    }

    /// What is wrong with this server as a home for jobs; empty when nothing is.
    package var findings: [Finding] {
        var findings: [Finding] = []
        if isTooOld {
            let needed = "needs Redis 7.0 or Valkey 7.2 or newer: upgrade the server"
            findings.append(Finding(isFatal: true, message: "\(product) \(version) is too old; this queue \(needed)"))
        }
        if !evictionPolicy.isEmpty, evictionPolicy != "noeviction" {
            let cure = "run: redis-cli CONFIG SET maxmemory-policy noeviction"
            findings.append(
                Finding(
                    isFatal: true, message: "maxmemory-policy is \(evictionPolicy), so Redis may delete jobs; \(cure)"))
        }
        if role == "slave" {
            findings.append(Finding(isFatal: true, message: "this server is a replica; point the URL at the primary"))
        }
        if !version.isEmpty, !hasAOF {
            let cure = "set appendonly yes, appendfsync everysec"
            findings.append(
                Finding(isFatal: false, message: "no append-only file: a crash of Redis loses jobs; \(cure)"))
        }
        return findings
    }

    private var isTooOld: Bool {
        let parts = version.split(separator: ".").compactMap { Int($0) }
        guard let major = parts.first else { return false }
        return major < 7 || (product == "valkey" && major == 7 && (parts.dropFirst().first ?? 0) < 2)
    }
}
