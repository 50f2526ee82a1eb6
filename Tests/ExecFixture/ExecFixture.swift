import Foundation
import JobModel
import JobQueueExec
import JobQueueWorker
import Logging

/// A worker with one exec handler, for the tests that kill it. The children's stderr goes to its own, as log lines.
@main
struct ExecFixture {
    static func main() async throws {
        let environment = ProcessInfo.processInfo.environment
        guard let url = environment["FIXTURE_REDIS"], let queue = environment["FIXTURE_QUEUE"] else { exit(64) }
        var handlers = Handlers()
        handlers.on(name: "exec", exec: ExecHandler("/bin/sh", "-c", environment["FIXTURE_TEXT"] ?? ""))
        var configuration = WorkerConfiguration()
        configuration.queues = try .strict([QueueName(queue)])
        configuration.logger = Logger(label: "worker", factory: StreamLogHandler.standardError(label:))
        try await Worker(url: url, handlers: handlers, configuration: configuration).run()
    }
}
