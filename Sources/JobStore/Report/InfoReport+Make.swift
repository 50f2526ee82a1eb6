import JobModel

extension InfoReport {
    /// One line a worker, although each of its queues knows it by another number, and by two after it had lost its lease.
    static func workers(of snapshots: [QueueSnapshot]) -> [Worker] {
        var workers: [String: Worker] = [:]
        var quiet: Set<String> = []
        for snapshot in snapshots {
            for member in snapshot.workers {
                guard let card = WorkerCard(parsing: member.about) else { continue }
                var worker = workers[card.id] ?? Worker(card)
                if !worker.queues.contains(snapshot.name.text) { worker.queues.append(snapshot.name.text) }
                worker.runs += card.runs
                // It may hold a few more than it runs.
                worker.busy = min(worker.busy + member.held, worker.slots)
                // Each queue has what it said at another moment.
                worker.done = [worker.done, card.done].compactMap(\.self).max()
                worker.failed = [worker.failed, card.failed].compactMap(\.self).max()
                if snapshot.isLive(member) { worker.state = .idle }
                if card.isQuiet { quiet.insert(card.id) }
                workers[card.id] = worker
            }
        }
        return workers.values.sorted { $0.id < $1.id }.map { worker in
            var worker = worker
            guard worker.state == .idle else { return worker }
            worker.state = quiet.contains(worker.id) ? .quiet : worker.busy > 0 ? .busy : .idle
            return worker
        }
    }

    /// What wants attention in a queue.
    func attention(for queue: Queue) -> [Attention] {
        let open = queue.queued + queue.scheduled + queue.retrying + queue.suspect + queue.inbox + queue.running
        let live = workers.filter { $0.state != .lost && $0.queues.contains(queue.name) }
        // Of one that has not said anything yet nobody knows whether it is quiet.
        let areQuiet = live.count >= queue.workers && live.allSatisfy { $0.state == .quiet }
        let quiet = areQuiet ? live.map(\.id) : []
        var found: [Attention] = []
        func add(_ code: String, _ message: String) {
            found.append(Attention(queue: queue.name, code: code, message: message))
        }
        if queue.isPaused { add("paused", pause(of: queue)) }
        if queue.workers == 0, open > 0 {
            add("no-worker", "\(Quantity.of(open, "job")) and no worker listens")
        } else if !quiet.isEmpty, open > queue.running {
            add("quiet", "\(Quantity.of(open - queue.running, "job")) and \(Self.only(quiet))")
        } else if !queue.isPaused, queue.isGrowing, let age = queue.oldestQueuedMs {
            let rates = "in \(Quantity.rate(queue.in1m))/s, out \(Quantity.rate(queue.out1m))/s"
            add("growing", "the oldest job waits \(Quantity.time(ms: age)); the backlog grows (\(rates))")
        }
        if queue.suspect > 0 {
            add("suspect", "\(Quantity.of(queue.suspect, "job")) to run alone, after two lost runs or more")
        }
        if queue.deadLastHour > 0 { add("dead", "\(Quantity.of(queue.deadLastHour, "job")) died within an hour") }
        return found
    }

    /// `its only worker is quiet: queue-worker workers resume web-1:88:zzzzzzzz`
    private static func only(_ quiet: [String]) -> String {
        let who = quiet.count == 1 ? "its only worker is quiet" : "all of its \(quiet.count) workers are quiet"
        return Printable.oneLine("\(who): \(Explanation.resume(quiet))", limit: 400)
    }

    /// `paused by ann@web-1 2h 4m ago: the provider is down`, as far as it is known.
    private func pause(of queue: Queue) -> String {
        var text = "paused"
        if let person = queue.pausedBy { text += " by \(person)" }
        if let since = queue.pausedAtMs { text += " \(Quantity.time(ms: takenAtMs &- since)) ago" }
        if let reason = queue.pausedReason { text += ": \(reason)" }
        return text
    }

    static func attention(for server: ServerFacts) -> [Attention] {
        server.findings.map {
            Attention(queue: "", code: $0.risk != nil ? "unsafe-redis" : "redis", message: $0.message)
        }
    }
}

extension InfoReport.Queue {
    init(_ snapshot: QueueSnapshot, series isWanted: Bool = false) {
        name = snapshot.name.text
        isPaused = snapshot.isPaused
        pausedReason = snapshot.pausedReason
        pausedBy = snapshot.pausedBy
        pausedAtMs = snapshot.pausedAt
        queued = snapshot.count(.queued)
        running = snapshot.count(.running)
        retrying = snapshot.count(.retrying)
        scheduled = snapshot.count(.scheduled)
        blocked = snapshot.count(.blocked)
        suspect = snapshot.count(.suspect)
        succeeded = snapshot.count(.succeeded)
        dead = snapshot.count(.dead)
        deadLastHour = snapshot.newlyDead
        cancelled = snapshot.count(.cancelled)
        inbox = snapshot.inbox
        remembered = snapshot.remembered
        backlog = snapshot.backlog
        oldestQueuedMs = snapshot.oldestAgeMs
        succeededTotal = snapshot.total("succeeded")
        enqueuedTotal = snapshot.total("enqueued")
        let live = snapshot.workers.filter(snapshot.isLive)
        workers = live.count
        limit = live.reduce(0) { $0 + (WorkerCard(parsing: $1.about)?.slots ?? 0) }
        let (short, long) = (snapshot.rates(over: RateSample.minute), snapshot.rates(over: RateSample.quarter))
        (in1m, out1m, failed1m) = short.rounded
        (in15m, out15m, failed15m) = long.rounded
        failedAMinute = (long.failed * 6000).rounded() / 100
        if isWanted {
            series = QueueRates.series(to: RateSample(snapshot), snapshot.samples).map { from, to, rates in
                let (into, out, failed) = rates.rounded
                return InfoReport.Point(atMs: to, into: into, out: out, failed: failed, sinceMs: from)
            }
        }
    }

    /// More comes than goes, for a while already, and it is felt: a job has been waiting for more than a moment.
    var isGrowing: Bool { queued > 0 && (oldestQueuedMs ?? 0) >= 5000 && in1m > out1m * 1.05 && in15m > out15m }
}

extension QueueRates {
    fileprivate var rounded: (Double, Double, Double) {
        (InfoReport.rounded(arrived), InfoReport.rounded(ended), InfoReport.rounded(failed))
    }
}

extension InfoReport.Worker {
    /// Not heard of yet.
    fileprivate init(_ card: WorkerCard) {
        self.init(
            id: card.id, state: .lost, slots: card.slots, busy: 0, queues: [], startedMs: card.started, runs: [],
            names: card.names ?? [], host: card.host, pid: card.pid, version: card.version, memoryBytes: card.memory,
            done: nil, failed: nil)
    }
}

extension InfoReport {
    /// The report as seen by somebody who may know of some queues only. What concerns no queue stays.
    package func only(_ mayKnow: (String) -> Bool) -> InfoReport {
        var report = self
        report.queues = queues.filter { mayKnow($0.name) }
        report.attention = attention.filter { $0.queue.isEmpty || mayKnow($0.queue) }
        report.workers = workers.compactMap { worker in
            var worker = worker
            let isWhole = worker.queues.allSatisfy(mayKnow)
            worker.queues = worker.queues.filter(mayKnow)
            // Its runs do not say of which queue they are.
            if !isWhole { worker.runs = [] }
            return worker.queues.isEmpty ? nil : worker
        }
        return report
    }
}
