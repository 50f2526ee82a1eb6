import Foundation
import Synchronization

/// The threads of one worker's blocking handlers: as many as have been at work at once, so never more than slots.
///
/// One that has had nothing to do for a while ends: whatever ran on it may have left a large stack behind. The one that
/// rested last is taken first, so that those not needed are left alone until then.
final class BlockingThreads: Sendable {
    /// Does the work, and answers how to tell whoever waits for it.
    private typealias Work = @Sendable () -> @Sendable () -> Void

    private final class Thread: Sendable {
        let bell = DispatchSemaphore(value: 0)
        let work = Mutex<Work?>(nil)
    }

    private struct State {
        var idle: [Thread] = []
        var count = 0
        var isClosed = false
    }

    /// What C libraries expect of a thread; only what is touched takes memory.
    private static let stack = 8 * 1024 * 1024

    private let state = Mutex(State())
    private let rest: DispatchTimeInterval

    /// `rest` is how long a thread waits for more.
    init(rest: DispatchTimeInterval = .seconds(30)) { self.rest = rest }

    var count: Int { state.withLock { $0.count } }

    /// Runs the body on a thread that nobody else uses meanwhile. A job is put off for 30 s when there can be no more threads.
    func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        let result: Swift.Result<Result, any Error> = await withCheckedContinuation { caller in
            let isTaken = give {
                let result = Swift.Result { try body() }
                return { caller.resume(returning: result) }
            }
            // The job is not to blame, and the next worker may have more.
            if !isTaken { caller.resume(returning: .failure(JobError.snooze(.seconds(30)))) }
        }
        return try result.get()
    }

    /// Lets every thread end as soon as it has nothing to do.
    func close() {
        let idle = state.withLock { state in
            state.isClosed = true
            state.count -= state.idle.count
            defer { state.idle = [] }
            return state.idle
        }
        for thread in idle { thread.bell.signal() }
    }

    private func give(_ work: @escaping Work) -> Bool {
        let idle = state.withLock { state in
            if state.idle.isEmpty { state.count += 1 }
            return state.idle.popLast()
        }
        if let idle {
            idle.work.withLock { $0 = work }
            idle.bell.signal()
            return true
        }
        let isStarted = OwnThread.start("blocking job", stack: Self.stack) { self.serve(work) }
        if !isStarted { state.withLock { $0.count -= 1 } }
        return isStarted
    }

    private func serve(_ first: @escaping Work) {
        let thread = Thread()
        var next: Work? = first
        while let work = next {
            let tell = work()
            // At rest before the slot hears of it: else its next job would find nobody, and start another thread.
            let mayStay = lieDown(thread)
            tell()
            next = mayStay ? wait(thread) : nil
        }
    }

    private func lieDown(_ thread: Thread) -> Bool {
        state.withLock { state in
            if state.isClosed { state.count -= 1 } else { state.idle.append(thread) }
            return !state.isClosed
        }
    }

    /// The next work, or nil when there is none for so long or will never be.
    private func wait(_ thread: Thread) -> Work? {
        if thread.bell.wait(timeout: .now() + rest) == .timedOut {
            let mayEnd = state.withLock { state in
                guard let place = state.idle.firstIndex(where: { $0 === thread }) else { return false }
                state.idle.remove(at: place)
                state.count -= 1
                return true
            }
            if mayEnd { return nil }
            // Somebody has just taken it, and is about to ring.
            thread.bell.wait()
        }
        return thread.work.withLock { $0.take() }
    }
}
