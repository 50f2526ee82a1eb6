import ArgumentParser
import JobQueueCLI
import JobQueueWorker

/// A worker with handlers of its own, and a producer that gives it real work: `queue-demo run` is the worker, with every
/// other command of queue-worker beside it; `queue-demo submit FILE…` is the producer.
@main
struct Demo {
    static func main() async {
        if CommandLine.arguments.dropFirst().first == "submit" {
            await Submission.main(Array(CommandLine.arguments.dropFirst(2)))
        } else {
            await QueueWorkerApp.main(handlers: handlers)
        }
    }

    private static var handlers: Handlers {
        var handlers = Handlers()
        handlers.on(CountFile.self) { job, _ in try FileCounts(contentsOf: job.path) }
        handlers.on(Greeting.self) { job, _ in "hello, \(job.name)" }
        handlers.on(Flaky.self) { job, context in
            guard context.attempt > job.failures else { throw FlakyError(attempt: context.attempt) }
            return "attempt \(context.attempt) succeeded"
        }
        handlers.on(Endless.self) { _, _ in try await Task.sleep(for: .seconds(3600)) }
        handlers.on(Hopeless.self) { _, _ in throw JobError.permanent("nobody can do this") }
        return handlers
    }
}

struct FlakyError: Error, CustomStringConvertible {
    var attempt: Int
    var description: String { "attempt \(attempt) fails on purpose" }
}
