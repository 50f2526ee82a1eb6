import Foundation
import JobModel
import JobQueueClient
import JobQueueWorker
import JobStore
import TestSupport
import Testing

@testable import JobQueueExec

/// A queue whose worker is a process of its own, with handlers that run in processes of theirs.
struct IsolatedRig: Sendable {
    let queue: QueueName
    let jobs: JobQueue
    private let fixture: Shell

    static var program: String {
        let products = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        return products.appending(path: "exec-fixture").path
    }

    init(program: String = IsolatedRig.program, text: String = "") async throws {
        queue = try QueueName("q-\(UUID().uuidString)")
        jobs = try await JobQueue(url: PrivateRedis.shared.get().url)
        var fixture = Shell(ExecHandler(program))
        fixture.handler.maxLogBytes = 1 << 30
        fixture.handler.environment = [
            "FIXTURE_REDIS": try PrivateRedis.shared.get().url, "FIXTURE_QUEUE": queue.text, "FIXTURE_TEXT": text,
            // A crash is reported in a line, not after seconds of symbolication.
            "SWIFT_BACKTRACE": "enable=no",
        ]
        self.fixture = fixture
    }

    /// Runs the worker for as long as `body` takes. It must live until then.
    @discardableResult
    func working<Result: Sendable>(
        _ body: @escaping @Sendable (_ worker: Int32) async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask {
                let end = try await fixture.run()
                if end.child.wasStopped { return nil }
                throw WorkerEnded(description: "the worker ended: \(end.verdict)")
            }
            group.addTask { try await body(try await workerPID()) }
            defer { group.cancelAll() }
            while let result = try await group.next() {
                if let result { return result }
            }
            throw CancellationError()
        }
    }

    private func workerPID() async throws -> Int32 {
        let rest = try await line("worker is ").split(separator: " ")
        return try #require(rest.first.flatMap { Int32($0) })
    }

    func enqueue(
        _ name: String, _ payload: String = "null", _ change: (inout JobOptions) -> Void = { _ in }
    ) async throws -> JobHandle {
        var options = JobOptions(queue: queue.text, backoff: .fixed(.milliseconds(1)), timeout: .seconds(30))
        options.maxAttempts = 1
        change(&options)
        return try await jobs.enqueue(name: name, payload: payload, options: options)
    }

    /// A job that does something odd.
    func odd(
        _ act: String, _ text: String = "done", _ change: (inout JobOptions) -> Void = { _ in }
    ) async throws -> JobHandle {
        try await enqueue("odd", #"{"act":"\#(act)","text":"\#(text)"}"#, change)
    }

    func view(_ handle: JobHandle, _ state: JobState) async throws -> JobView {
        try await eventually {
            try await jobs.store.queue(queue).inspect([handle.id], full: true).jobs[0]
        } is: {
            $0.state == state
        }
    }

    /// Waits for a line of the worker's log with the text, and answers what follows it.
    func line(_ text: String) async throws -> String {
        let found = try await fixture.lines.items { $0.contains { $0.text.contains(text) } }
        let line = found.first { $0.text.contains(text) }?.text ?? ""
        return line.firstRange(of: text).map { String(line[$0.upperBound...]) } ?? ""
    }

    var lines: [String] { fixture.lines.items.map(\.text) }
}

struct WorkerEnded: Error, CustomStringConvertible {
    var description: String
}

extension JobOutcome {
    var result: String? { if case .succeeded(let result) = self { result.json } else { nil } }
    var omission: String? { if case .succeeded(let result) = self { result.omitted } else { nil } }
    var reason: Reason? { if case .dead(let reason, _) = self { reason } else { nil } }
    var message: String? { if case .dead(_, let message) = self { message } else { nil } }
    var isCancelled: Bool { if case .cancelled = self { true } else { false } }
}
