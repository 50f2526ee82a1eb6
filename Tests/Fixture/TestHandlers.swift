import Foundation
import JobQueueClient
import JobQueueWorker

/// Handlers that note in the journal when they start and how they end, and do in between what the payload says.
enum TestHandlers {
    /// Runs for a while and stops when told.
    struct Sleep: Job {
        static let name = "test.sleep"
        var ms: Int
    }

    /// Runs for a while and does not listen, in its first run and in those after it.
    struct Deaf: Job {
        static let name = "test.deaf"
        var ms: Int
        var again: Int
    }

    /// Holds its thread for a while.
    struct Block: Job {
        static let name = "test.block"
        var ms: Int
    }

    /// Takes the whole process down in its first runs; after those it runs for a while.
    struct Crash: Job {
        static let name = "test.crash"
        var times: Int
        var ms: Int
    }

    /// Answers its number after a while.
    struct Number: Job {
        static let name = "test.number"
        var number: Int
        var ms: Int
    }

    /// In a process of its own: ends it, or runs until told to stop.
    struct Isolated: Job {
        static let name = "test.isolated"
        var crashes: Bool
    }

    /// Holds a thread of its own, and does not listen.
    struct Stuck: Job { static let name = "test.stuck" }

    static func all() -> Handlers {
        let journal = Journal()
        var handlers = Handlers()
        handlers.on(Sleep.self) { job, context in
            try await journal.noting(context) { try await Task.sleep(for: .milliseconds(job.ms)) }
        }
        handlers.on(Deaf.self) { job, context in
            try await journal.noting(context) {
                await deafSleep(ms: journal.starts(of: context.id) == 1 ? job.ms : job.again)
            }
        }
        handlers.on(Block.self) { job, context in
            try await journal.noting(context) { _ = usleep(UInt32(job.ms) * 1000) }
        }
        handlers.on(Crash.self) { job, context in
            try await journal.noting(context) {
                if journal.starts(of: context.id) <= job.times { fatalError("this handler crashes") }
                try await Task.sleep(for: .milliseconds(job.ms))
            }
        }
        handlers.on(Isolated.self, as: .isolated) { job, context in
            try await journal.noting(context) {
                if job.crashes { fatalError("this handler crashes") }
                try await Task.sleep(for: .seconds(1000))
            }
        }
        handlers.on(Stuck.self, as: .blocking) { _, _ in while true { sleep(1000) } }
        handlers.on(Number.self) { job, context in
            try await journal.noting(context) {
                if job.ms > 0 { try await Task.sleep(for: .milliseconds(job.ms)) }
            }
            return job.number
        }
        return handlers
    }

    /// Waits without a task that could be cancelled.
    private static func deafSleep(ms: Int) async {
        await withCheckedContinuation { caller in
            DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(ms)) { caller.resume() }
        }
    }
}
