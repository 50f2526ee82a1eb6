import JobModel
import JobStore
import Redis

/// Two workers, two jobs, and every order of what can happen to them, level by level. States that differ in nothing that
/// matters are gone on from once.
struct Explorer {
    private let scratch: RedisSide
    private let prefix: String
    private let copier: Script
    private let leaseMs = 1_000
    private var seen: Set<String> = []
    private(set) var transitions = 0
    private(set) var states = 0

    /// One state, what the workers believe in it, and the way to it.
    struct Node {
        var walk: Walk
        var name: String
        var now = Walker.today
        var workers: [Believer]
        var path: [Operation] = []
    }

    struct Believer {
        var incarnation: Int
        var claim = 0
        /// Job → token.
        var tokens: [String: Int] = [:]
        var isMember = false

        mutating func startAnew() { self = Believer(incarnation: incarnation + 2, tokens: tokens) }
    }

    init(_ scratch: RedisSide) async throws {
        self.scratch = scratch
        prefix = "jq:{\(scratch.queue.name)"
        copier = try await Self.load(scratch.queue.client)
    }

    /// From two queued jobs, or where `isBusy` from where each worker has one of them.
    mutating func explore(depth: Int, isBusy: Bool) async throws {
        seen = []
        var root = Node(
            walk: Walk(scratch), name: "0", workers: [Believer(incarnation: 1), Believer(incarnation: 2)])
        let jobs = ["a", "b"].map {
            NewJob(id: $0, envelope: Array(#"{"name":"\#($0)"}"#.utf8), priority: .normal, due: .now)
        }
        var prelude = [Action.enqueue(jobs), .join(1, leaseMs: leaseMs), .join(2, leaseMs: leaseMs)]
        if isBusy { prelude += root.workers.map { .claim(call($0, 1), isBreaking: false) } }
        for action in prelude {
            learn(action, try await root.walk.step(Operation(now: root.now, action: action)), &root)
        }
        try await copy(from: "", to: root.name)
        var level = [root]
        for _ in 0..<depth {
            var next: [Node] = []
            for node in level {
                for operation in operations(node) { try await follow(operation, from: node, into: &next) }
                try await forget(node.name)
            }
            level = next
        }
        for node in level { try await forget(node.name) }
        try await scratch.clear()
    }

    private mutating func follow(_ operation: Operation, from node: Node, into next: inout [Node]) async throws {
        try await copy(from: node.name, to: "")
        var child = node
        child.path.append(operation)
        child.now = operation.now
        transitions += 1
        do {
            let answer = try await child.walk.step(operation)
            learn(operation.action, answer, &child)
        } catch let failure as Walk.Failure {
            let path = child.path.map { "  \($0)" }.joined(separator: "\n")
            throw Walk.Failure(description: "\(child.path.count) steps after the start\n\(path)\n\(failure)")
        }
        guard seen.insert(essence(child)).inserted else { return }
        states += 1
        child.name = "\(states)"
        try await copy(from: "", to: child.name)
        next.append(child)
    }

    // MARK: - What can happen

    private func operations(_ node: Node) -> [Operation] {
        var actions: [Action] = [.recover(nil, limit: 10), .promote(limit: 10)]
        for worker in node.workers {
            guard worker.isMember else {
                actions.append(.join(worker.incarnation, leaseMs: leaseMs))
                continue
            }
            actions.append(.claim(call(worker, worker.claim + 1), isBreaking: false))
            if worker.claim > 0 { actions.append(.claim(call(worker, worker.claim), isBreaking: false)) }
            actions.append(.beat([BeatCall(incarnation: worker.incarnation, about: "{}")], extend: true))
        }
        var tokens = Set<[String]>()
        for worker in node.workers {
            for (id, token) in worker.tokens.sorted(by: { $0.key < $1.key })
            where tokens.insert([id, "\(token)"]).inserted {
                actions += settles(id, token, node.walk.model)
            }
        }
        for id in ["a", "b"] {
            actions.append(.cancel([id]))
            let old = ArraySlice((node.walk.model.jobs[id]?.record ?? "").utf8)
            actions.append(.requeue([QueueStore.Requeue(id: id, priority: .normal, old: old, new: RunRecord())]))
        }
        // Half a lease is regular once, and a gap where nobody looked in between.
        return actions.map { Operation(now: node.now, action: $0) }
            + [Operation(now: node.now + leaseMs / 2, action: .prune(limit: 10))]
            + [Operation(now: node.now + leaseMs + 1, action: .inspect(["a", "b"], full: true))]
    }

    private func call(_ worker: Believer, _ number: Int) -> ClaimCall {
        ClaimCall(incarnation: worker.incarnation, number: number, want: 1)
    }

    private func settles(_ id: String, _ token: Int, _ model: ModelQueue) -> [Action] {
        var record = RunRecord(parsing: ArraySlice((model.jobs[id]?.record ?? "").utf8))
        record.attempts += 1
        let dispositions: [Disposition] = [
            .done(ttlMs: 0, result: []), .retry(due: .after(ms: 400), .normal, record, nil), .front(.normal, nil, nil),
        ]
        return dispositions.map {
            .settle(Token(token).incarnation.number, [Settlement(id: id, token: Token(token), disposition: $0)])
        }
    }

    private func learn(_ action: Action, _ answer: Answer, _ node: inout Node) {
        let number: Int? =
            switch action {
            case .claim(let call, _): call.incarnation
            case .beat(let members, _): members[0].incarnation
            case .join(let incarnation, _): incarnation
            default: nil
            }
        let index = node.workers.firstIndex { $0.incarnation == number } ?? 0
        switch (action, answer) {
        case (.join, .join(.joined)): node.workers[index].isMember = true
        case (.claim(let call, _), .claimed(let claim)):
            node.workers[index].claim = call.number
            for job in claim.jobs { node.workers[index].tokens[job.id] = job.token }
        case (.claim, .stale): node.workers[index].startAnew()
        case (.beat, .beat(let beat)) where !beat.members[0].isLive: node.workers[index].startAnew()
        // Whoever recovers is the other worker: it now knows these tokens too.
        case (.recover, .recovered(let slice)):
            for job in slice.jobs { node.workers[slice.incarnation % 2].tokens[job.id] = job.token }
        default: break
        }
    }

    // MARK: - States

    /// What matters of a state: times from now on, numbers by their order, and who knows a token that still counts.
    private func essence(_ node: Node) -> String {
        let model = node.walk.model
        var text = ""
        for id in ["a", "b"] {
            guard let job = model.jobs[id] else {
                text += "-;"
                continue
            }
            let record = RunRecord(parsing: ArraySlice((job.record ?? "").utf8))
            text += "\(job.state) \(job.isAsked) \(min(record.attempts, 1)) "
            switch job.state {
            case .running: text += "\(claim(of: Token(job.at), node));"
            case .queued: text += "\(model.ids(.queued).firstIndex(of: id)!);"
            default: text += "\(job.at - node.now);"
            }
        }
        for (incarnation, deadline) in model.leasesByDeadline {
            text += "\(label(incarnation, node)):\(deadline < 0 ? deadline + node.now : deadline - node.now);"
        }
        for worker in node.workers {
            text += "\(worker.isMember) \(worker.claim == model.claims[worker.incarnation] ?? 0)"
            for id in ["a", "b"] {
                let token = worker.tokens[id]
                text += token == nil ? " none" : token == model.jobs[id]?.at ? " holds" : " stale"
            }
        }
        let clock = [ModelMeta.Field.tick, .grace].map { max(-leaseMs, (model.meta[$0] ?? 0) - node.now) }
        return text + "\(clock)"
    }

    private func label(_ incarnation: Int, _ node: Node) -> String {
        let worker = incarnation % 2
        return node.workers[1 - worker].incarnation == incarnation ? "w\(worker)" : "former \(worker)"
    }

    /// Whose, and whether it is the last claim, which can be sent again.
    private func claim(of token: Token, _ node: Node) -> String {
        let isLast = node.walk.model.claims[token.incarnation.number] == token.claim
        return "\(label(token.incarnation.number, node)) \(isLast)"
    }

    /// The empty name is the scratch queue.
    private func copy(from: String, to: String) async throws {
        _ = try await scratch.queue.client.evaluate(copier, keys: [key(from), key(to)])
    }

    private func forget(_ name: String) async throws { try await copy(from: "nothing", to: name) }

    private func key(_ name: String) -> String { name.isEmpty ? "\(prefix)}:" : "\(prefix)-\(name)}:" }

    private static func load(_ client: RedisClient) async throws -> Script {
        let names = Key.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")
        let source = """
            for _, name in ipairs({\(names)}) do
              redis.call('DEL', KEYS[2] .. name)
              redis.call('COPY', KEYS[1] .. name, KEYS[2] .. name)
            end
            """
        let sha1 = try await client.send(Command("SCRIPT", "LOAD", source)).string()
        return Script(name: "copy", source: source, sha1: sha1)
    }
}
