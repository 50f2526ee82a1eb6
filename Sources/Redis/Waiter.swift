import Synchronization

/// Whoever awaits a reply. Completed exactly once, on the event loop.
enum Waiter: Sendable {
    case task(CheckedContinuation<Result<Reply, RedisError>, Never>)
    case callback(@Sendable (Result<Reply, RedisError>) -> Void)
    /// The command at this place of a pipeline.
    case part(Batch, Int)

    func complete(_ result: Result<Reply, RedisError>) {
        switch self {
        case .task(let continuation): continuation.resume(returning: result)
        case .callback(let callback): callback(result)
        case .part(let batch, let index): batch.complete(index, result)
        }
    }
}

/// Gathers the replies of a pipeline and hands them on together.
final class Batch: Sendable {
    typealias Results = [Result<Reply, RedisError>]

    private struct State {
        var results: Results
        var missing: Int
    }

    private let state: Mutex<State>
    private let continuation: CheckedContinuation<Results, Never>

    /// A batch of `count` commands, at least one.
    init(count: Int, _ continuation: CheckedContinuation<Results, Never>) {
        state = Mutex(State(results: Array(repeating: .failure(.closed), count: count), missing: count))
        self.continuation = continuation
    }

    func complete(_ index: Int, _ result: Result<Reply, RedisError>) {
        let finished: Results? = state.withLock { state in
            state.results[index] = result
            state.missing -= 1
            return state.missing == 0 ? state.results : nil
        }
        if let finished { continuation.resume(returning: finished) }
    }
}
