import JobModel
import JobQueueClient
import JobQueueWorker

/// Handlers for trying things out without writing any.
enum DemoHandlers {
    struct Sleep: Job {
        static let name = "demo.sleep"
        var ms: Int
    }

    struct Fail: Job {
        static let name = "demo.fail"
        /// How many attempts fail before one succeeds; without it all do.
        var times: Int?
        var message: String?
    }

    struct DemoFailure: Error, CustomStringConvertible {
        var description: String
    }

    static func add(to handlers: inout Handlers) {
        handlers.on(name: "demo.echo") { payload, _ in payload }
        handlers.on(Sleep.self) { job, _ in try await Task.sleep(for: .milliseconds(job.ms)) }
        handlers.on(Fail.self) { job, context in
            if let times = job.times, context.attempt > times { return }
            throw DemoFailure(description: job.message ?? "this job always fails")
        }
    }
}
