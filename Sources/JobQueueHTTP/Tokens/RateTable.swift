import HTTPTypes

/// How many requests each token has made, against how many it may make a minute.
///
/// One number a token, after the generic cell rate algorithm: the moment at which it would have made up for all it asked.
/// A token that asks for nothing gains one request after the other, up to those of a whole minute.
struct RateTable: Sendable {
    static let window = Duration.seconds(60)
    private static let windowNs = window.nanoseconds

    /// By token, ns on the clock of the caller. A moment that is over says no more than none.
    private var settled: [String: Int] = [:]
    private let roomy: Int

    /// Beyond so many tokens those that owe nothing are forgotten.
    init(roomy: Int = 10_000) { self.roomy = roomy }

    var count: Int { settled.count }

    /// Takes one request of `limit` a minute. `now` is any clock that goes forwards.
    mutating func take(_ id: String, limit: Int, now: Duration) -> RateAnswer {
        let now = now.nanoseconds
        if settled.count >= roomy { settled = settled.filter { $0.value > now } }
        let interval = Self.windowNs / limit
        let owed = max(0, settled[id, default: 0] - now)
        // What may be owed before this request, so that it is the last of those of a minute.
        let excess = owed - interval * (limit - 1)
        if excess > 0 {
            return RateAnswer(limit: limit, left: 0, full: .nanoseconds(owed), wait: .nanoseconds(excess))
        }
        settled[id] = now + owed + interval
        return RateAnswer(
            limit: limit, left: limit - 1 - (owed + interval - 1) / interval, full: .nanoseconds(owed + interval),
            wait: nil)
    }
}

/// What a token is told of its rate.
struct RateAnswer: Sendable, Equatable {
    let limit: Int
    /// Requests that may follow at once.
    let left: Int
    /// Until all of a minute may follow at once.
    let full: Duration
    /// Until the next may follow; nil: this one was granted.
    let wait: Duration?

    /// As draft-ietf-httpapi-ratelimit-headers has them.
    var headers: HTTPFields {
        [
            .rateLimitPolicy: "\"default\";q=\(limit);w=60",
            .rateLimit: "\"default\";r=\(left);t=\(Self.seconds(full))",
        ]
    }

    /// Refuses a request that came too soon.
    func check() throws(Problem) {
        guard let wait else { return }
        let seconds = max(1, Self.seconds(wait))
        var problem = Problem(
            .quotaExceeded, "this token may make \(limit) requests a minute: go on in \(seconds) s"
        ).retry(after: seconds)
        for field in headers { problem.headers[field.name] = field.value }
        throw problem
    }

    /// Rounded up: who comes back then is in time.
    private static func seconds(_ duration: Duration) -> Int {
        let (seconds, rest) = duration.components
        return Int(seconds) + (rest > 0 ? 1 : 0)
    }
}

extension Duration {
    /// Whole ones, in 64 bits: a division by a `Duration` is one of 128, for each request.
    fileprivate var nanoseconds: Int {
        let (seconds, attoseconds) = components
        return Int(seconds) * 1_000_000_000 + Int(attoseconds / 1_000_000_000)
    }
}
