import ArgumentParser
import Foundation
import JobQueueClient

/// The producer: three jobs for each file, one of them for a handler in Swift and two for scripts, and four with a fate of
/// their own. It waits for all, prints what came of them, and writes for somebody else to check: `counts` as `lines words
/// bytes sha256 path`, `sums` as sha256sum does, and `archives` as `path of the .gz, tab, path`, one line a file each.
struct Submission: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "queue-demo submit")

    @Option(help: "The folder to write counts, sums and archives into.")
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
        let counts = try await queue.enqueue(contentsOf: files.map(CountFile.init)).map { try $0.handle() }
        let sums = try await enqueue("demo.checksum", queue)
        let archives = try await enqueue("demo.gzip", queue)
        print("enqueued 3 jobs for each of \(files.count) files, and 4 with a fate of their own")

        try await write("counts", counts) { (counts: FileCounts, path) in
            "\(counts.lines) \(counts.words) \(counts.bytes) \(counts.sha256) \(path)"
        }
        try await write("sums", sums) { (sum: Checksum, path) in "\(sum.sha256)  \(path)" }
        try await write("archives", archives) { (archive: String, path) in "\(archive)\t\(path)" }
        print("")
        try await tell("scheduled", scheduled) { if case .succeeded = $0 { true } else { false } }
        try await tell("fails twice", flaky) {
            if case .succeeded(let result) = $0 { result.attempt == 3 } else { false }
        }
        try await tell("times out", endless) { if case .dead(.timeout, _) = $0 { true } else { false } }
        try await tell("is hopeless", hopeless) { if case .dead(.permanent, _) = $0 { true } else { false } }
        await queue.close()
    }

    /// What the script answers.
    private struct Checksum: Decodable {
        var bytes: Int
        var sha256: String
    }

    /// A job for each file, for a handler that is a script: its payload is the file's whole path.
    private func enqueue(_ name: String, _ queue: JobQueue) async throws -> [JobHandle] {
        let folder = URL(fileURLWithPath: FileManager.default.currentDirectoryPath)
        let jobs = try files.map { file in
            let path = try JSONEncoder.plain.encode(folder.appending(path: file).path)
            return JobQueue.BareJob(name: name, payload: String(decoding: path, as: UTF8.self))
        }
        return try await queue.enqueue(contentsOf: jobs).map { try $0.handle() }
    }

    /// Writes a line for each result into a file of the output folder.
    private func write<Result: Decodable>(
        _ name: String, _ handles: [JobHandle], _ line: (Result, String) -> String
    ) async throws {
        var lines = ""
        for (file, handle) in zip(files, handles) {
            guard case .succeeded(let result) = try await handle.outcome() else {
                throw DemoFailure(description: "\(file) failed: queue-demo jobs show \(handle.id)")
            }
            lines += line(try result.decode(), file) + "\n"
        }
        print("  \(handles.count) \(name)")
        try Data(lines.utf8).write(to: URL(fileURLWithPath: output).appending(path: name))
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

extension JSONEncoder {
    /// Slashes as they are: shell scripts read these texts.
    fileprivate static var plain: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        return encoder
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
