package import HTTPTypes
package import JobQueueClient
import JobStore
package import Logging
import Synchronization

/// Lets in who shows a token.
///
/// Redis is asked for a token at most every four seconds while it is in use, so one that is revoked ends within five. What
/// was right is taken for right for a minute while Redis is away; everybody else is told to come back.
package final class TokenGate: Gate {
    package struct Configuration: Sendable {
        /// Requests a minute of each token without a rate of its own, on this server; 0: as many as come.
        package var rate = 600_000
        /// How old an answer of Redis may be. With the second between two questions of a stream it makes the five.
        package var maxAge = Duration.seconds(4)
        /// How old it may be while Redis is away.
        package var patience = Duration.seconds(60)
        /// How long Redis may take.
        package var timeout = Duration.seconds(1)
        package var logger = Logger(label: "http") { _ in SwiftLogNoOpLogHandler() }
        package init() {}
    }

    private let registry: TokenRegistry
    private let configuration: Configuration
    private let circuit: Circuit
    private let clock: @Sendable () -> ContinuousClock.Instant
    private let start: ContinuousClock.Instant
    private let cache = Mutex(TokenCache())
    private let rates = Mutex(RateTable())
    private let failures = Mutex(FailureTally())

    /// `clock` is for tests.
    package init(
        queue: JobQueue, configuration: Configuration = Configuration(),
        clock: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        registry = TokenRegistry(queue.store)
        self.configuration = configuration
        circuit = Circuit(queue: queue)
        self.clock = clock
        start = clock()
    }

    package func admit(_ headers: HTTPFields, to access: Access) async throws(Problem) -> Admittance {
        if access == .open { return Admittance(Caller(id: "none", scopes: [], queues: [])) }
        let token: AccessToken
        do throws(Refusal) { token = try Bearer.token(headers) } catch { throw refuse(error, id: nil) }
        return try admittance(of: try await record(token.id, token.digest))
    }

    package func known(_ headers: HTTPFields, to access: Access) -> Admittance? {
        guard access != .open, let token = try? Bearer.token(headers) else { return nil }
        let (id, digest, now) = (token.id, token.digest, clock())
        let record = cache.withLock { $0.find(id, digest, age: configuration.maxAge, now: now) }
        return record.flatMap { try? admittance(of: $0) }
    }

    /// Counts a request against the rate; one that is refused does not count.
    private func admittance(of record: TokenRecord) throws(Problem) -> Admittance {
        let (id, digest) = (record.id, record.digest)
        let limit = record.rights.rate ?? configuration.rate
        let rate = limit == 0 ? nil : rates.withLock { $0.take(id, limit: limit, now: clock() - start) }
        try rate?.check()
        let caller = Caller(id, record.rights) { [self] in (try? await find(id, digest).get()) != nil }
        return Admittance(caller, headers: rate?.headers ?? HTTPFields())
    }

    /// The token as it stands. Throws `unauthenticated`, or `redisUnavailable`.
    private func record(_ id: String, _ digest: [UInt8]) async throws(Problem) -> TokenRecord {
        let found = try await find(id, digest)
        do throws(Refusal) { return try found.get() } catch { throw refuse(error, id: id) }
    }

    private func find(_ id: String, _ digest: [UInt8]) async throws(Problem) -> Result<TokenRecord, Refusal> {
        let now = clock()
        func known(_ age: Duration) -> TokenRecord? { cache.withLock { $0.find(id, digest, age: age, now: now) } }
        if let record = known(configuration.maxAge) { return .success(record) }
        // Whoever the cache does not vouch for is asked for: a wrong secret costs as much as an unknown id.
        do throws(Problem) { return try await ask(id, digest, now: now) } catch {
            if let record = known(configuration.patience) { return .success(record) }
            throw error
        }
    }

    private func ask(
        _ id: String, _ digest: [UInt8], now: ContinuousClock.Instant
    ) async throws(Problem) -> Result<TokenRecord, Refusal> {
        try await circuit.check()
        let (record, redisNow): (TokenRecord?, Int)
        do throws(StoreError) { (record, redisNow) = try await registry.find(id, timeout: configuration.timeout) } catch
        {
            circuit.trip()
            configuration.logger.warning(
                "the tokens cannot be read", metadata: ["event": "auth.unavailable", "error": "\(error)"])
            throw Problem(.redisUnavailable, "tokens cannot be checked now: nothing was done, try again").retry(
                after: 1)
        }
        let isRight = TokenRecord.matches(digest, record)
        guard let record, isRight else {
            if record == nil { cache.withLock { $0.drop(id) } }
            return .failure(.unknown)
        }
        if record.hasExpired(at: redisNow) { return .failure(.expired) }
        if cache.withLock({ $0.keep(record, asked: now, redisNow: redisNow) }) {
            // Nobody is refused because this could not be written down.
            try? await registry.note(use: id, at: redisNow, timeout: configuration.timeout)
        }
        return .success(record)
    }

    /// One line a second is enough to see that somebody tries, and leaves the log to others.
    private func refuse(_ refusal: Refusal, id: String?) -> Problem {
        if let count = failures.withLock({ $0.note(at: clock()) }) {
            configuration.logger.notice(
                "not let in: \(refusal.rawValue)",
                metadata: ["event": "auth.failed", "token": "\(id ?? "none")", "failures": .stringConvertible(count)])
        }
        return refusal.problem
    }
}

/// Counts failures between two lines of a log that are at least a second apart.
struct FailureTally: Sendable {
    private var last: ContinuousClock.Instant?
    private var count = 0

    /// How many there were since the last line, this one too, when it is time for another.
    mutating func note(at now: ContinuousClock.Instant) -> Int? {
        count += 1
        if let last, now - last < .seconds(1) { return nil }
        last = now
        defer { count = 0 }
        return count
    }
}
