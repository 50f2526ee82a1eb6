package import Redis

/// Why the store could not do what was asked.
package enum StoreError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Redis could not be reached, or refused. When its outcome is unknown the call may be repeated: every script leaves
    /// the same state when the same call comes twice.
    case redis(RedisError)
    /// Redis did what was asked, but had not written it to its append-only file in time. Should Redis end now, it is lost. The
    /// call may be repeated.
    case unwritten
    /// The queue is stored in another format than this version speaks. Leave the queue alone and upgrade.
    case foreignFormat(String)
    /// An answer that no script of ours gives: a defect, or not our Redis. Do not repeat the call.
    case badAnswer(String)

    package var description: String {
        switch self {
        case .redis(let error): "\(error)"
        case .unwritten:
            "Redis took this but did not write it to its append-only file in time: its disk is slow or full"
        case .foreignFormat(let found):
            "the queue is stored in format \(found), this version speaks \(StoreScript.format): upgrade this program"
        case .badAnswer(let text): "unexpected answer of a script: \(text)"
        }
    }
}
