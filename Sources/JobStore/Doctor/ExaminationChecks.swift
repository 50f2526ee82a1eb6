import JobModel
import Redis

/// What `doctor` says of a server and its queues.
extension Examination {
    /// In the order of the page. Those of `INFO` are the checks of every start, with what the rest tells besides.
    package static let checks: [Check<Examination>] = [
        connection, ofServer("version"), ofServer("role"), ofServer("cluster"), scripts, rights, ofServer("eviction"),
        ofServer("memory"), persistence, fsync, disk, replicas, clock, clients, format, workers, size,
    ]

    /// A check of every start, of what `INFO` said.
    private static func ofServer(_ id: String) -> Check<Examination> {
        let check = ServerFacts.checks.first { $0.id == id }
        return Check(id) { seen in
            seen.withServer { facts in
                guard let finding = check?.finding(facts) else { return .unknown("there is no such check", "") }
                return Verdict(status: finding.status, seen: finding.seen, cure: finding.cure, risk: finding.risk)
            }
        }
    }

    private func withServer(_ look: (ServerFacts) -> Verdict) -> Verdict {
        switch server {
        case .success(let facts): look(facts)
        case .failure(let error): hidden(error, "INFO")
        }
    }

    /// Of what could not be seen: why, and how it could be. `extra` is a right that only `doctor` asks for; others are named
    /// by the row of rights, once.
    func hidden(_ error: StoreError, _ command: String, extra: String? = nil, byHand: String = "") -> Verdict {
        guard case .redis(.permission) = error else { return .unknown("\(error)", byHand) }
        let grant = extra.map { "run: redis-cli \(Rights.quoted(Rights.line(user, [$0])))" } ?? "see rights"
        return .unknown(
            "\(command) is not permitted", [byHand, grant].filter { !$0.isEmpty }.joined(separator: ", or "))
    }

    static let connection = Check<Examination>("connection") { seen in
        let redis = seen.redis
        var open: [String] = []
        if redis.tls == nil { open.append("not encrypted") }
        if redis.password == nil { open.append("without a password") }
        guard !redis.staysHere, !open.isEmpty else { return .ok(redis.redactedURL) }
        return .warn(
            "\(redis.redactedURL) leaves this machine \(open.joined(separator: " and "))",
            "redis.url: rediss://USER:PASSWORD@HOST (Docs/tls.md), unless the network is yours alone")
    }

    // MARK: What the user may do

    static let scripts = Check<Examination>("scripts") { seen in
        if case .failure(let error) = seen.missingRights {
            if case .redis(.permission) = error { return .unknown("no script may be tried", "see rights") }
            return .fail("a script does not run: \(error)", "use a Redis 7.0 or Valkey 7.2, or newer, with Lua scripts")
        }
        switch seen.loadedScripts {
        case .success(let count): return .ok("\(count) scripts load, and Lua runs")
        case .failure(.redis(.permission)): return .ok("Lua runs; SCRIPT LOAD is not permitted, and not needed")
        case .failure(let error): return .fail("a script cannot be loaded: \(error)", "report this with the version")
        }
    }

    static let rights = Check<Examination>("rights") { seen in
        switch seen.missingRights {
        case .success(let missing): Rights.verdict(missing, user: seen.user)
        case .failure(.redis(.permission)):
            .fail("EVAL is not permitted", "run: redis-cli \(Rights.quoted(Rights.grant(to: seen.user)))")
        case .failure: .unknown("the user's rights are asked by a script", "see scripts")
        }
    }

    // MARK: What is kept

    static let persistence = Check<Examination>("persistence") { seen in
        seen.withServer { $0.persistence(snapshots: (try? seen.settings.get())?["save"]) }
    }

    static let fsync = Check<Examination>("fsync") { seen in
        seen.withServer { facts in
            guard facts.hasAOF else { return .ok("no append-only file to sync") }
            let delayed =
                facts.delayedFsyncs > 0 ? "; \(facts.delayedFsyncs) delayed since it started: the disk is slow" : ""
            switch seen.settings {
            case .failure(let error):
                return seen.hidden(
                    error, "CONFIG GET", extra: "+config|get", byHand: "look by hand: appendfsync everysec or always")
            case .success(let settings):
                let policy = settings["appendfsync"] ?? "?"
                guard policy == "no" else { return .ok("appendfsync \(policy)\(delayed)") }
                return .warn(
                    "appendfsync no: a power failure loses what the kernel has not written\(delayed)",
                    "run: redis-cli CONFIG SET appendfsync everysec")
            }
        }
    }

    /// Redis refuses writes with MISCONF.
    static let disk = Check<Examination>("disk") { seen in
        seen.withServer { facts in
            let cure = "look at the disk of Redis and its log"
            if facts.hasAOF, !facts.isAOFWritten {
                return .fail("the append-only file cannot be written, so Redis refuses writes (MISCONF)", cure)
            }
            if !facts.isSnapshotSaved {
                let settings = try? seen.settings.get()
                let stops = settings.map { $0["save"] != "" && $0["stop-writes-on-bgsave-error"] == "yes" }
                switch stops {
                case true?: return .fail("the last snapshot failed, so Redis refuses writes (MISCONF)", cure)
                case false?: return .warn("the last snapshot failed", cure)
                case nil: return .warn("the last snapshot failed, so Redis may refuse writes (MISCONF)", cure)
                }
            }
            if facts.hasAOF, !facts.isAOFRewritten {
                return .warn("the append-only file could not be rewritten and grows", cure)
            }
            return .ok("the last writes went well")
        }
    }

    static let replicas = Check<Examination>("replicas") { seen in
        seen.withServer { facts in
            let needed = (try? seen.settings.get())?["min-replicas-to-write"].flatMap { Int($0) } ?? 0
            if let good = facts.goodReplicas, good < needed {
                return ServerFacts.unmet("\(good) of the \(needed) replicas of min-replicas-to-write are in step")
            }
            let finding = ServerFacts.replicas.finding(facts)
            return Verdict(status: finding.status, seen: finding.seen, cure: finding.cure)
        }
    }

    // MARK: Clock and connections

    static let clock = Check<Examination>("clock") { seen in
        switch seen.clock {
        case .failure(let error): return seen.hidden(error, "TIME")
        case .success(let reading):
            guard reading.certainOffset > 1000 else { return .ok("within a second of the clock here") }
            let side = reading.offset > 0 ? "ahead of" : "behind"
            return .warn(
                "the clock of Redis is \(abs(reading.offset) / 1000) s \(side) the clock here; scheduled jobs follow "
                    + "Redis' clock, moments chosen here (--at) are off by that",
                "synchronise both clocks (NTP)")
        }
    }

    static let clients = Check<Examination>("clients") { seen in
        seen.withServer { facts in
            guard facts.maxClients > 0 else {
                return .unknown(
                    "the server does not say its maxclients", "look by hand: redis-cli CONFIG GET maxclients")
            }
            let more = max(0, seen.plan.connections - seen.workersHere * 2)
            let text =
                "\(facts.clients) of \(facts.maxClients) connected, \(more) more for what is configured here "
                + "(\(seen.plan.processes == 0 ? "1 worker" : "\(seen.plan.processes) processes"))"
            guard facts.clients + more > facts.maxClients else { return .ok(text) }
            return .warn(
                "\(text): they do not fit",
                "run: redis-cli CONFIG SET maxclients \(max(1000, (facts.clients + more) * 2)), or fewer processes")
        }
    }

    /// Workers of this machine that are connected already.
    private var workersHere: Int {
        var ids: Set<String> = []
        for queue in (try? queues.get()) ?? [] {
            guard let snapshot = try? queue.snapshot.get() else { continue }
            for worker in snapshot.workers where worker.deadline >= Double(snapshot.now) {
                if let card = WorkerCard(parsing: worker.about), card.host == plan.host { ids.insert(card.id) }
            }
        }
        return ids.count
    }
}
