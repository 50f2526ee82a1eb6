import Foundation
import JobQueueClient
import JobQueueWorker
import Logging

/// A job that does what a handler should not, in a process of its own.
struct Odd: Job {
    static let name = "odd"
    var act: String
    var text: String?

    struct Mishap: Error, CustomStringConvertible {
        var description: String
    }

    static func add(to handlers: inout Handlers) {
        handlers.on(Odd.self, as: .isolated(grace: .milliseconds(200))) { job, context in
            try await job.run(context)
        }
        handlers.on(name: "small", as: .isolated(maxMemoryBytes: 1 << 30)) { _, _ in
            let memory = UnsafeMutableRawPointer.allocate(byteCount: 2 << 30, alignment: 16)
            return "\(memory.hashValue)"
        }
        handlers.on(name: "busy", as: .isolated(maxCPUTime: .seconds(1))) { _, _ in Odd.spin() }
        handlers.on(name: "patient", as: .isolated(grace: .seconds(60))) { payload, context in
            context.logger.info("ready \(getpid())")
            // Ends when the task is cancelled.
            for await _ in AsyncStream<Void>.makeStream().stream {}
            let reason = context.cancellation.map { "\($0)" } ?? "nothing"
            context.logger.info("told \(reason)")
            if payload == "null" { try context.checkCancellation() }
            return "\"\(reason)\""
        }
        handlers.on(name: "context", as: .isolated) { payload, context in
            try await Odd.describe(context, payload)
        }
    }

    private func run(_ context: JobContext) async throws -> String? {
        switch act {
        case "fatal": fatalError(text ?? "")
        case "segv": UnsafeMutablePointer<Int>(bitPattern: 8)?.pointee = 1
        case "abort": abort()
        case "exit": exit(Int32(text ?? "") ?? 0)
        case "kill": kill(getpid(), SIGKILL)
        case "print":
            for number in 0..<3 { print("line \(number)") }
            print(#"{"result": "forged"}"#, terminator: "")
        case "flood":
            let line = String(repeating: "x", count: 1023)
            for _ in 0..<5120 { print(line) }
        case "log": context.logger.warning("half full", metadata: ["percent": "50", "job_id": "forged"])
        case "spin":
            // Not with Foundation's Process, which gives what it starts a group of its own.
            var sleeper: pid_t = 0
            var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("sleep"), strdup("1000"), nil]
            posix_spawn(&sleeper, "/bin/sleep", nil, nil, &arguments, nil)
            context.logger.info("ready \(getpid()) \(sleeper)")
            Odd.spin()
        case "permanent": throw JobError.permanent("hopeless")
        case "retry": throw JobError.retry(after: .seconds(3600), "busy")
        case "snooze": throw JobError.snooze(.seconds(3600))
        case "mishap": throw Mishap(description: text ?? "")
        case "big": return String(repeating: "x", count: 300_000)
        case "descriptors":
            return try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").sorted().map { number in
                let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(number)")
                return "\(number)=\(target ?? "?")"
            }.joined(separator: " ")
        case "hear":
            // A service manager tells every process of a service to end.
            let child = Process()
            child.executableURL = URL(fileURLWithPath: "/bin/sh")
            child.arguments = ["-c", "kill -TERM $PPID"]
            try child.run()
            child.waitUntilExit()
            return "\(context.isCancelled)"
        default: return text
        }
        return text
    }

    private static func spin() -> Never {
        var number: UInt64 = 1
        while true { number = number &* 3 }
    }

    private struct Description: Encodable {
        var id, name, queue, payload: String
        var attempt, maxAttempts, epoch, generation: Int
        var tags: [String]
        var metadata: [String: String]
        var requestID: String?
        var rest: Double?
        var variable: String?
        var arguments: [String]
        var isCancelled: Bool
    }

    private static func describe(_ context: JobContext, _ payload: String) async throws -> String {
        let environment = ProcessInfo.processInfo.environment
        let description = Description(
            id: context.id, name: context.name, queue: context.queue.text, payload: payload, attempt: context.attempt,
            maxAttempts: context.maxAttempts, epoch: context.epoch, generation: context.generation,
            tags: context.tags, metadata: context.metadata, requestID: context.requestID,
            rest: context.deadline.map { ContinuousClock.now.duration(to: $0) / .seconds(1) },
            variable: environment["FIXTURE_TEXT"], arguments: ProcessInfo.processInfo.arguments,
            isCancelled: context.isCancelled || context.cancellation != nil || Task.isCancelled)
        return String(decoding: try JSONEncoder().encode(description), as: UTF8.self)
    }
}
