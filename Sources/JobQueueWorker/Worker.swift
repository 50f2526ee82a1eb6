import JobModel
public import JobQueueClient
import JobStore
import Logging
import NIOCore
import NIOPosix
package import Redis
import Synchronization

/// Runs jobs: claims them under a concurrency limit, hands them to handlers, stores how they ended, and lives up to the
/// queue's promises while processes, networks and clocks fail.
///
///     let worker = try Worker(url: "redis://localhost", handlers: handlers)
///     try await worker.run()
///
/// A worker runs once. `stop()` ends it in order; cancelling the task that runs it is the same without patience.
public final class Worker: Sendable {
    private let redis: RedisConfiguration
    private let configuration: WorkerConfiguration
    private let handlers: Handlers
    private struct State {
        /// What was asked before there was anything to ask it of.
        var stop: Duration?
        var isQuiet = false
        var parts: Parts?
    }

    private let state = Mutex(State())
    private let wasLost = Atomic(false)
    private let clients = Mutex<[RedisClient]>([])

    /// Nothing happens before `run`. Throws `badURL`, and `badOption` for settings that cannot work.
    public convenience init(
        url: String, handlers: Handlers, configuration: WorkerConfiguration = WorkerConfiguration()
    ) throws(JobQueueError) {
        let redis: RedisConfiguration
        do throws(RedisURLError) { redis = try RedisConfiguration(url: url) } catch {
            throw JobQueueError(.badURL, "\(error)")
        }
        try self.init(redis: redis, handlers: handlers, configuration: configuration)
    }

    package init(
        redis: RedisConfiguration, handlers: Handlers, configuration: WorkerConfiguration
    ) throws(JobQueueError) {
        try configuration.check()
        try handlers.checkIsolated()
        if IsolatedMark.isHere { throw IsolatedMark.refusal }
        self.redis = redis
        self.handlers = handlers
        self.configuration = configuration
    }

    /// Works until `stop()`, or in burst mode until there is nothing to do, and returns when everything is settled.
    ///
    /// Throws `unreachable`, `tls`, `denied` or `unsafeServer` when the first contact with Redis fails, `denied` or
    /// `foreignFormat` when none of the queues can be served, and in burst mode why a queue could not be emptied. Later
    /// losses do not end it: running jobs go on, and everything resumes when Redis is back.
    ///
    /// It listens to no signals: on TERM call `stop()`.
    public func run() async throws(JobQueueError) {
        let loop = Self.loops.next()
        let onScript = configuration.metrics.map { ScriptMeter($0).observer }
        let client = RedisClient(redis, eventLoop: loop, onStateChange: { self.hear($0) }, onScript: onScript)
        let blocking = RedisClient(redis, eventLoop: loop)
        clients.withLock { $0 = [client, blocking] }
        do throws(JobQueueError) {
            let store = try await open(client)
            try await work(store, Waker(client: blocking))
        } catch {
            await end([client, blocking])
            throw error
        }
        await end([client, blocking])
    }

    /// Of their own, because handlers block those of others; never shut down, because a connection attempt that is given
    /// up may still call back.
    private static let loops = MultiThreadedEventLoopGroup(numberOfThreads: System.coreCount)

    private func hear(_ change: RedisStateChange) {
        let logger = configuration.logger
        switch change {
        case .connected:
            let isBack = wasLost.exchange(false, ordering: .relaxed)
            guard isBack else { return logger.debug("connected to redis") }
            logger.info("redis is back", metadata: ["event": "redis.restored"])
        case .lost(.closed): break
        case .lost(let error):
            // Before the first contact the error is thrown.
            guard let heart = state.withLock({ $0.parts?.heart }) else { return }
            wasLost.store(true, ordering: .relaxed)
            logger.warning("redis is lost: \(error)", metadata: ["event": "redis.lost"])
            heart.noteLoss()
        }
    }

    /// Asks the worker to end: it claims nothing more, running jobs may go on for `patience` (nil: the configured drain
    /// timeout), then they are cancelled and given back without an attempt being spent. May be called again, with less
    /// patience, and from anywhere.
    public func stop(within patience: Duration? = nil) {
        let patience = patience ?? configuration.drainTimeout
        let parts = state.withLock { state in
            state.stop = min(state.stop ?? patience, patience)
            return state.parts
        }
        parts?.heart.stop(within: patience)
        parts?.close()
    }

    /// Asks the worker to claim nothing more. It finishes what it has, and goes on in everything else until `stop()`: what
    /// an operator wants before a deployment. There is no way back. May be called at any time, and from anywhere.
    public func quiet() {
        let parts = state.withLock { state in
            state.isQuiet = true
            return state.parts
        }
        parts?.quiet()
    }

    /// Somebody told this worker something with `workers quiet`, `resume` or `stop`.
    private func obey(_ order: WorkerOrder) {
        let sentence =
            switch order {
            case .quiet: "told to claim no more jobs"
            case .work: "told to claim jobs again"
            case .stop: "told to stop"
            }
        configuration.logger.info("\(sentence)", metadata: ["event": "worker.told", "order": "\(order.rawValue)"])
        switch order {
        case .quiet: state.withLock { $0.parts }?.rest(true)
        case .work: state.withLock { $0.parts }?.rest(false)
        case .stop: stop()
        }
    }

    /// Whether it is at work and would run new jobs if it had room: false when what claims jobs has been standing still for
    /// a minute, for example because handlers block every thread. An outage of Redis is no reason.
    public var isLive: Bool { state.withLock { $0.parts }?.heart.isLive ?? false }

    /// What claims jobs: whether it goes on, as `isLive` has it, and for how long it has been standing still with nothing to
    /// wait for. Nil before the worker is at work, and after.
    package var fetchLoop: (isLive: Bool, age: Duration)? {
        state.withLock { $0.parts }.map { ($0.heart.isLive, $0.heart.fetchAge) }
    }

    /// Reads the certificate files of a `rediss://` URL again. The next connection uses them; those that are open go on.
    ///
    /// Changed files are used by the next connection anyway: this tells at once whether they can be. Throws `tls` if not,
    /// and what was read before stays in use. False when there is nothing to read: without TLS, or before it runs.
    @discardableResult
    public func reloadCertificates() async throws(JobQueueError) -> Bool {
        guard redis.tls != nil else { return false }
        for client in clients.withLock({ $0 }) {
            do throws(RedisError) { try await client.reloadCertificates() } catch {
                throw JobQueueError(StoreError.redis(error))
            }
        }
        return true
    }

    private func open(_ client: RedisClient) async throws(JobQueueError) -> Store {
        let store = Store(client)
        let facts: ServerFacts
        do throws(StoreError) {
            try await store.connect()
            facts = try await store.server()
        } catch { throw JobQueueError(error) }
        if let finding = facts.refusal(allowing: configuration.allowedRisks) {
            throw JobQueueError(.unsafeServer, finding.refusal)
        }
        for finding in facts.findings { configuration.logger.warning("\(finding.message)") }
        return store
    }

    private func end(_ clients: [RedisClient]) async {
        self.clients.withLock { $0 = [] }
        for client in clients { await client.close() }
    }

    // MARK: The parts at work

    private func work(_ store: Store, _ waker: Waker) async throws(JobQueueError) {
        let parts = Parts(configuration, handlers, store, waker) { self.obey($0) }
        do throws(StoreError) { try await parts.join() } catch { throw JobQueueError(error) }
        let (patience, isQuiet) = state.withLock { state in
            state.parts = parts
            return (state.stop, state.isQuiet)
        }
        if isQuiet { parts.quiet() }
        // A stop may have come before there was anything to stop.
        if let patience {
            parts.heart.stop(within: patience)
            parts.close()
        }
        let beating = parts.heart.start()
        let isBurst = configuration.isBurst
        // Shielded: a cancellation of this task must reach the handlers as a shutdown, and must not reach the settling.
        let ended = store.client.eventLoop.makeFutureWithTask { await parts.run(isBurst: isBurst) }
        await withTaskCancellationHandler {
            try? await ended.get()
        } onCancel: {
            self.stop(within: .zero)
        }
        beating.cancel()
        try? await store.forget(worker: parts.identity.id)
        state.withLock { $0.parts = nil }
        if isBurst, let problem = parts.problem { throw JobQueueError(problem) }
    }
}
