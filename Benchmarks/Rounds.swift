import JobModel
import JobQueueClient
import JobQueueExec
import JobQueueWorker
import Synchronization

/// One way of measuring; each may find several figures.
extension Stage {
    func bare(_ jobs: Int) async throws -> [Figure] {
        try await play { [try await BareRound(redis: redis, jobs: jobs).run(meter, queue: $0)] }
    }

    /// One caller that waits for each answer.
    func enqueueOne(_ jobs: Int) async throws -> [Figure] {
        try await play { name in
            try await produce { queue in
                [
                    try await meter.measure("enqueue.one", jobs) {
                        for number in 0..<jobs {
                            try Task.checkCancellation()
                            try await queue.enqueue(NoOp(number), options: on(name))
                        }
                    }
                ]
            }
        }
    }

    /// Many callers at once, as in a web service: each waits for its own answer.
    func enqueueMany(_ jobs: Int, callers: Int = 512) async throws -> [Figure] {
        try await play { name in
            try await produce { queue in
                [
                    try await meter.measure("enqueue.many", jobs) {
                        try await withThrowingTaskGroup(of: Void.self) { group in
                            for caller in 0..<callers {
                                group.addTask {
                                    for number in stride(from: caller, to: jobs, by: callers) {
                                        try Task.checkCancellation()
                                        try await queue.enqueue(NoOp(number), options: on(name))
                                    }
                                }
                            }
                            try await group.waitForAll()
                        }
                    }
                ]
            }
        }
    }

    /// Jobs come in by thousands, and are done by a handler that does nothing.
    func bulkAndDrain(_ jobs: Int, concurrency: Int = 100) async throws -> [Figure] {
        try await play { queue in
            let enqueue = try await meter.measure("enqueue.bulk", jobs) { try await fill(queue, jobs) { NoOp($0) } }
            return [enqueue, try await drain("drain.typed", queue, jobs, concurrency: concurrency, noOp)]
        }
    }

    func drainForgetting(_ jobs: Int) async throws -> [Figure] {
        try await play { queue in
            try await fill(queue, jobs, ttl: 0) { NoOp($0) }
            return [try await drain("drain.forget", queue, jobs, concurrency: 100, noOp)]
        }
    }

    func drainNarrow(_ jobs: Int) async throws -> [Figure] {
        try await play { queue in
            try await fill(queue, jobs) { NoOp($0) }
            return [try await drain("drain.narrow", queue, jobs, concurrency: 10, noOp)]
        }
    }

    /// One child process for each job.
    func exec(_ jobs: Int, command: [String]) async throws -> [Figure] {
        try await play { queue in
            var handlers = Handlers()
            let handler = ExecHandler(command: command)
            try handler.check()
            handlers.on(name: NoOp.name, exec: handler)
            try await fill(queue, jobs) { NoOp($0) }
            return [try await drain("exec", queue, jobs, concurrency: 4, handlers)]
        }
    }

    /// Jobs that wait, far more than there are cores: how much longer than if nothing but the waiting took time.
    func naps(_ jobs: Int, ms: Int = 100, concurrency: Int = 500) async throws -> [Figure] {
        try await play { queue in
            var handlers = Handlers()
            handlers.on(Nap.self) { job, _ in try await Task.sleep(for: .milliseconds(job.ms)) }
            try await fill(queue, jobs) { _ in Nap(ms: ms) }
            var figure = try await drain("naps", queue, jobs, concurrency: concurrency, handlers)
            let ideal = Double((jobs + concurrency - 1) / concurrency * ms) / 1000
            figure.value = Double(jobs) / figure.value / ideal
            return [figure]
        }
    }

    /// From the call of `enqueue` to the first line of the handler, while nothing else happens.
    func latency(_ samples: Int) async throws -> [Figure] {
        try await play { name in
            let starts = AsyncStream.makeStream(of: ContinuousClock.Instant.self)
            var handlers = Handlers()
            handlers.on(NoOp.self) { _, _ in starts.continuation.yield(.now) }
            var configuration = WorkerConfiguration()
            configuration.queues = .strict([name])
            let worker = try Worker(redis: redis, handlers: handlers, configuration: configuration)
            let times = try await withThrowingTaskGroup(of: [Double].self) { group in
                group.addTask {
                    try await worker.run()
                    return []
                }
                group.addTask { try await sample(samples, name, starts.stream) }
                var times: [Double] = []
                for try await found in group where !found.isEmpty {
                    times = found
                    worker.stop(within: .seconds(5))
                }
                return times
            }
            return [
                Figure(row: "latency.p50", value: times.quantile(0.5) ?? 0),
                Figure(row: "latency.p99", value: times.quantile(0.99) ?? 0),
            ]
        }
    }

    /// Milliseconds, one job at a time. The first ones wake up everybody and do not count.
    private func sample(
        _ count: Int, _ name: QueueName, _ starts: AsyncStream<ContinuousClock.Instant>
    ) async throws -> [Double] {
        try await produce { queue in
            var starts = starts.makeAsyncIterator()
            var times: [Double] = []
            for number in 0..<count + 20 {
                // So long that whoever waits is asleep; of uneven length, so that no timer's beat is met.
                try await Task.sleep(for: .milliseconds(Int.random(in: 5...20)))
                let call = ContinuousClock.now
                try await queue.enqueue(NoOp(number), options: on(name))
                guard let start = await starts.next() else { break }
                if number >= 20 { times.append((start - call).seconds * 1000) }
            }
            return times
        }
    }

    /// What a queued job needs in Redis beside its envelope, in bytes.
    func memory(_ jobs: Int) async throws -> [Figure] {
        try await play { queue in
            let before = try await meter.usedMemory()
            try await fill(queue, jobs) { NoOp($0) }
            let used = try await meter.usedMemory() - before
            let envelopes = try await meter.envelopeBytes(of: queue)
            return [Figure(row: "memory.queued", value: Double(used) / Double(jobs) - envelopes)]
        }
    }

    private var noOp: Handlers {
        var handlers = Handlers()
        handlers.on(NoOp.self) { _, _ in }
        return handlers
    }

    private func on(_ queue: QueueName) -> JobOptions { JobOptions(queue: queue.text) }
}
