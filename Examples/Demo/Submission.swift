import ArgumentParser
import Foundation
import JobQueueClient

/// The producer: one job for each file and four with a fate of their own; waits for all, prints what came of them, and
/// writes the counts as `lines words bytes sha256 path`, one line a file, for somebody else to check.
struct Submission: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "queue-demo submit")

    @Option(help: "Where to write the counts.")
    var output: String

    @Argument(help: "Files to count.")
    var files: [String]

    func run() async throws {
        let url = ProcessInfo.processInfo.environment["REDIS_URL"] ?? "redis://127.0.0.1:6379"
        let queue = try await JobQueue(url: url)
        let scheduled = try await queue.enqueue(Greeting(name: "a job of two seconds from now"), in: .seconds(2))
        let flaky = try await queue.enqueue(Flaky(failures: 2))
        let endless = try await queue.enqueue(Endless())
        let hopeless = try await queue.enqueue(Hopeless())
        let handles = try await queue.enqueue(contentsOf: files.map(CountFile.init)).map { try $0.handle() }
        print("enqueued \(handles.count) files and 4 jobs with a fate of their own")

        try await writeCounts(handles)
        print("")
        try await tell("scheduled", scheduled) { if case .succeeded = $0 { true } else { false } }
        try await tell("fails twice", flaky) {
            if case .succeeded(let result) = $0 { result.attempt == 3 } else { false }
        }
        try await tell("times out", endless) { if case .dead(.timeout, _) = $0 { true } else { false } }
        try await tell("is hopeless", hopeless) { if case .dead(.permanent, _) = $0 { true } else { false } }
        await queue.close()
    }

    private func writeCounts(_ handles: [JobHandle]) async throws {
        var lines = ""
        for (index, handle) in handles.enumerated() {
            guard case .succeeded(let result) = try await handle.outcome() else {
                throw DemoFailure(description: "\(files[index]) was not counted: queue-demo jobs show \(handle.id)")
            }
            let counts: FileCounts = try result.decode()
            lines += "\(counts.lines) \(counts.words) \(counts.bytes) \(counts.sha256) \(files[index])\n"
            if (index + 1) % max(1, handles.count / 5) == 0 { print("  \(index + 1) of \(handles.count) done") }
        }
        try Data(lines.utf8).write(to: URL(fileURLWithPath: output))
    }

    /// Prints how a job ended, and ends the demo if that is not how it should.
    private func tell(_ what: String, _ handle: JobHandle, _ isExpected: (JobOutcome) -> Bool) async throws {
        let outcome = try await handle.outcome()
        let text =
            switch outcome {
            case .succeeded(let result): "succeeded in attempt \(result.attempt): \(result.json)"
            case .dead(let reason, let message): "dead (\(reason.rawValue)): \(message)"
            case .cancelled: "cancelled"
            }
        print("  the job that \(what)".padding(toLength: 28, withPad: " ", startingAt: 0) + text)
        guard isExpected(outcome) else { throw DemoFailure(description: "that is not how it should have ended") }
    }
}

struct DemoFailure: Error, CustomStringConvertible {
    var description: String
}

extension EnqueueResult {
    fileprivate func handle() throws -> JobHandle {
        switch self {
        case .created(let handle), .duplicate(let handle, _): return handle
        case .conflict(let id): throw DemoFailure(description: "the id \(id) is taken")
        case .refused(let error): throw error
        }
    }
}
