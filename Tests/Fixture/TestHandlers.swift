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

    /// Runs for a while and does not listen, in its first run and in those after it; then it may fail.
    struct Deaf: Job {
        static let name = "test.deaf"
        var ms: Int
        var again: Int
        var fails: Bool?
    }

    struct Mishap: Error {}

    /// Holds its thread for a while.
    struct Block: Job {
        static let name = "test.block"
        var ms: Int
    }

    /// Holds a thread of its own for a while.
    struct Hold: Job {
        static let name = "test.hold"
        var ms: Int
    }

    /// Holds its thread until it hears that it was cancelled.
    struct Watch: Job { static let name = "test.watch" }

    /// Computes for ever.
    struct Spin: Job { static let name = "test.spin" }

    /// Takes memory until its process dies of that; with a limit, the process may have so much more than it has, MiB.
    struct Hog: Job {
        static let name = "test.hog"
        var limit: Int?
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
                if job.fails == true { throw Mishap() }
            }
        }
        handlers.on(Block.self) { job, context in
            try journal.noting(context) { _ = usleep(UInt32(job.ms) * 1000) }
        }
        handlers.on(Hold.self, as: .blocking) { job, context in
            try journal.noting(context, blocking: { _ = usleep(UInt32(job.ms) * 1000) })
        }
        handlers.on(Watch.self) { _, context in
            try journal.noting(context) {
                while context.cancellation == nil { _ = usleep(10_000) }
                throw CancellationError()
            }
        }
        handlers.on(Spin.self) { _, context in
            try journal.noting(context) {
                var count = 0
                while count >= 0 { count = (count + 1) & 0xFFFF }
            }
        }
        handlers.on(Hog.self) { job, context in
            try journal.noting(context) { takeMemory(limit: job.limit) }
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

    private static func takeMemory(limit: Int?) {
        if let limit {
            let statm = FileManager.default.contents(atPath: "/proc/self/statm") ?? Data()
            let pages = Int(String(decoding: statm, as: UTF8.self).prefix { $0 != " " }) ?? 0
            let bytes = rlim_t(pages * Int(sysconf(Int32(_SC_PAGESIZE))) + limit << 20)
            var both = rlimit(rlim_cur: bytes, rlim_max: bytes)
            setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &both)
        }
        var taken: [[UInt8]] = []
        while true { taken.append([UInt8](repeating: 1, count: 4 << 20)) }
    }

    /// Waits without a task that could be cancelled.
    private static func deafSleep(ms: Int) async {
        await withCheckedContinuation { caller in
            DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(ms)) { caller.resume() }
        }
    }
}
