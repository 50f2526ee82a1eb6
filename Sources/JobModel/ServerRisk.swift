/// What makes a server a bad home for jobs, by the name under which an operator may allow it. A worker or producer does
/// not start on such a server unless the risk is allowed: `--allow eviction`, `redis.allow`.
public enum ServerRisk: String, CaseIterable, Sendable {
    /// Older than what the scripts need: they may fail halfway.
    case version
    /// The policy at `maxmemory` deletes keys, and with them jobs.
    case eviction
    /// A replica, which refuses writes or loses them at the next resynchronisation.
    case replica
    /// One of several nodes of a Redis Cluster: what belongs to another node cannot be reached.
    case cluster

    /// Every risk there is.
    public static let all = Set(allCases)
}
