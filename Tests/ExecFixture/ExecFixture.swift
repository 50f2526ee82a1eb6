import Foundation
import JobModel
import JobQueueExec
import JobQueueWorker
import Logging

/// A worker with one exec handler and handlers in processes of their own, for the tests that kill it or look at it from
/// outside. The children's lines go to its own stderr, as log lines.
@main
struct ExecFixture {
    static func main() async throws {
        let environment = ProcessInfo.processInfo.environment
        guard let url = environment["FIXTURE_REDIS"], let queue = environment["FIXTURE_QUEUE"] else { exit(64) }
        var handlers = Handlers()
        handlers.on(name: "exec", exec: ExecHandler("/bin/sh", "-c", environment["FIXTURE_TEXT"] ?? ""))
        Odd.add(to: &handlers)
        await handlers.isolate()
        var configuration = WorkerConfiguration()
        configuration.queues = try .strict([QueueName(queue)])
        configuration.concurrency = 4
        configuration.logger = Logger(label: "worker", factory: StreamLogHandler.standardError(label:))
        configuration.logger.info("worker is \(getpid()) of \(ProcessInfo.processInfo.arguments.count)")
        try await Worker(url: url, handlers: handlers, configuration: configuration).run()
    }
}
