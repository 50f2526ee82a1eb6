import JobModel
import JobStore
import TerminalDashboard

/// Reads what a view shows, and nothing else.
struct DashSource: Sendable {
    let store: Store
    var outbox: OutboxColumn?

    /// What was asked for, and the ms that Redis took to tell the time.
    func read(_ request: DashRequest) async throws(StoreError) -> (DashLoad, pingMs: Double) {
        let begin = ContinuousClock.now
        _ = try await store.time()
        let ping = (ContinuousClock.now - begin) / .milliseconds(1)
        return (try await load(request), ping)
    }

    private func load(_ request: DashRequest) async throws(StoreError) -> DashLoad {
        switch request {
        case .report(let series): return .report(try await report(series: series))
        case .redis: return .redis(try await store.server(), try await report())
        case .job(let ref): return .job(ref, try await detail(ref))
        case .jobs(let queue, let state, let limit):
            let report = try await report()
            return .jobs(try await rows(of: queue, state, limit, report), report)
        case .dead(let limit):
            let report = try await report()
            return .dead(try await dead(nil, limit, report), report)
        case .group(let key, let limit):
            let report = try await report()
            return .dead(try await dead(JobModel.DeadGroup(key.id), limit, report), report)
        }
    }

    private func report(series: Bool = false) async throws(StoreError) -> InfoReport {
        let reader = InfoReader(store: store)
        guard let outbox else { return try await reader.report([], series: series) }
        return try await outbox.report { () throws(StoreError) in try await reader.report([], series: series) }
    }

    // MARK: Jobs

    private func rows(
        of queue: String?, _ state: JobState, _ limit: Int, _ report: InfoReport
    ) async throws(StoreError) -> JobRows {
        var all = JobRows(state: state, rows: [], total: 0, nowMs: report.takenAtMs)
        for found in report.queues where queue == nil || queue == found.name {
            guard let name = try? QueueName(found.name), found.count(state) > 0 else { continue }
            let (rows, total) = try await rows(of: name, state, limit)
            all.rows += rows
            all.total += total
        }
        if state == .running { Self.tell(&all.rows, report) }
        return all
    }

    /// The groups of dead jobs: with jobs of one of them, or else with jobs that are in none. Those of other groups are counted
    /// and not read.
    private func dead(
        _ group: JobModel.DeadGroup?, _ limit: Int, _ report: InfoReport
    ) async throws(StoreError) -> JobRows {
        var all = JobRows(state: .dead, rows: [], total: 0, nowMs: report.takenAtMs)
        for found in report.queues where found.dead > 0 {
            guard let name = try? QueueName(found.name) else { continue }
            let known = try await store.queue(name).allDeadGroups()
            all.groups += known.groups.map { DeadCount($0, in: name) }
            all.total += known.total
            if let group {
                guard known.ungrouped > 0 || known.groups.contains(where: { $0.group == group }) else { continue }
                all.rows += try await rows(of: name, group, limit)
            } else if known.ungrouped > 0 {
                all.rows += try await rows(of: name, .dead, limit).0
            }
        }
        all.rows.sort { ($0.endedMs, $0.ref.id) > ($1.endedMs, $1.ref.id) }
        all.rows = Array(all.rows.prefix(limit))
        return all
    }

    /// The last of a group to die, in one queue.
    private func rows(
        of name: QueueName, _ group: JobModel.DeadGroup, _ limit: Int
    ) async throws(StoreError) -> [JobRow] {
        var filter = DeadFilter()
        filter.group = group
        let search = try await store.queue(name).searchDead(filter)
        var rows: [JobRow] = []
        var place: ListPlace?
        repeat {
            let page = try await search.page(
                from: place, backward: true, limit: min(QueueStore.pageLimit, limit - rows.count))
            rows += page.jobs.map { JobRow($0, in: name, state: .dead, error: $0.errors.last) }
            place = page.next
        } while place != nil && rows.count < limit
        return rows
    }

    /// As many jobs of a queue as are wanted; of those that have ended the latest.
    private func rows(
        of name: QueueName, _ state: JobState, _ limit: Int
    ) async throws(StoreError) -> ([JobRow], total: Int) {
        let queue = store.queue(name)
        var rows: [JobRow] = []
        var place: ListPlace?
        var total = 0
        repeat {
            let page = try await queue.list(
                state, from: place, backward: state.isFinal, limit: min(QueueStore.pageLimit, limit - rows.count))
            let errors = try await queue.newestErrors(of: page.jobs)
            rows += page.jobs.map { JobRow($0, in: name, state: state, error: errors[$0.id]) }
            (place, total) = (page.next, page.total)
        } while place != nil && rows.count < limit
        return (rows, total)
    }

    /// Who runs them and since when, as the workers' last beats told.
    private static func tell(_ rows: inout [JobRow], _ report: InfoReport) {
        var runs: [String: (worker: String, started: Int)] = [:]
        for worker in report.workers {
            for run in worker.runs { runs[run.id] = (worker.id, run.started) }
        }
        for index in rows.indices {
            let run = runs[rows[index].ref.id]
            (rows[index].worker, rows[index].startedMs) = (run?.worker ?? "", run?.started)
        }
    }

    private func detail(_ ref: JobRef) async throws(StoreError) -> JobDetail? {
        guard let name = try? QueueName(ref.queue) else { return nil }
        let queue = store.queue(name)
        let (view, snapshot, reasons) = try await queue.explain(ref.id)
        guard let state = view.state else { return nil }
        let workers = state == .running ? snapshot.workers : []
        let row = JobRow(view, in: name, state: state, error: view.errors.last)
        var detail = JobDetail(row, JobSheet(view, queue: name, workers: workers), now: snapshot.now)
        // A job that has ended says so itself.
        if !state.isFinal {
            detail.explanation = reasons.map { $0.sentence(now: snapshot.now) }.joined(separator: "; ")
        }
        return detail
    }
}

extension JobDetail {
    /// What `jobs show` says, for the screen.
    init(_ row: JobRow, _ sheet: JobSheet, now: Int) {
        self.init(row: row, nowMs: now)
        runsForgotten = sheet.runsForgotten
        runs = sheet.runs.enumerated().map { index, run in
            Run(
                number: index == 0 ? 1 : index + 1 + sheet.runsForgotten, attempt: run.attempt, worker: run.worker,
                startedMs: run.startedMs, endedMs: run.endedMs, outcome: run.outcome,
                error: [run.type, run.message].filter { !$0.isEmpty }.joined(separator: ": "), next: run.next)
        }
        payload = sheet.payload?.text
        result = sheet.resultOmitted.map { "(omitted: \($0))" } ?? sheet.result?.text
        forgetAtMs = sheet.forgetAtMs
        requeued = sheet.requeued
        func add(_ label: String, _ value: String?) { if let value { facts.append(Fact(label, value)) } }
        add("worker", sheet.worker)
        add("time limit", sheet.timeoutMs.map { $0 < 0 ? "none" : Quantity.time(ms: $0) })
        add("requeued", sheet.requeued > 0 ? Quantity.of(sheet.requeued, "time") : nil)
        add("lost", sheet.lost > 0 ? Quantity.of(sheet.lost, "time") : nil)
        add("created", sheet.createdMs.map { Quantity.utc(ms: $0) })
        add("due", sheet.dueMs.map { Quantity.utc(ms: $0) })
        add("kept until", sheet.forgetAtMs.map { Quantity.utc(ms: $0) })
        add("request", sheet.requestID)
        for (key, value) in sheet.metadata.sorted(by: { $0.key < $1.key }) { add(key, value) }
    }
}
